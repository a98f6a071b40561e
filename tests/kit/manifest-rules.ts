// Rules for manifests beyond schemas and pod security: those of kube-linter, which cannot be had here, under its names.
import { isRecord } from '../faults/asking.ts'
import type { Manifest } from './kubernetes.ts'

/** `Deployment/ai-service latest-tag: …` for each rule that is broken. */
export function lintFindings(manifests: readonly Manifest[]): readonly string[] {
  return manifests.flatMap((manifest) =>
    rules.flatMap(({ id, find }) =>
      find(manifest, manifests).map((what) => `${manifest.kind}/${manifest.metadata.name} ${id}: ${what}`),
    ),
  )
}

interface Rule {
  readonly id: string
  find(manifest: Manifest, all: readonly Manifest[]): readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const rules: readonly Rule[] = [
  forContainers('latest-tag', ({ image }) => !/[@:]/.test(String(image)) || String(image).endsWith(':latest'), 'image'),
  forContainers('unset-cpu-requirements', (one) => unset(one, 'cpu'), 'resources'),
  forContainers('unset-memory-requirements', (one) => unset(one, 'memory'), 'resources'),
  forContainers('no-liveness-probe', ({ livenessProbe }) => livenessProbe === undefined, 'livenessProbe'),
  forContainers('no-readiness-probe', ({ readinessProbe }) => readinessProbe === undefined, 'readinessProbe'),
  forContainers('probe-port', (one) => probesOf(one).some((port) => !portsOf(one).has(port)), 'a probe of no port'),
  forContainers('ssh-port', (one) => portsOf(one).has(22), 'port 22'),
  forContainers('env-var-secret', hasWrittenSecret, 'a secret written out in env'),
  forContainers('no-read-only-root-fs', (one) => at(one, 'securityContext', 'readOnlyRootFilesystem') !== true),
  forContainers('privilege-escalation', (one) => at(one, 'securityContext', 'allowPrivilegeEscalation') !== false),
  forContainers('privileged-container', (one) => at(one, 'securityContext', 'privileged') === true),
  forContainers('sub-path', (one) => list(one['volumeMounts']).some(({ subPath }) => subPath !== undefined)),
  forPods('host-namespaces', (pod) => ['hostNetwork', 'hostPID', 'hostIPC'].some((name) => pod[name] === true)),
  forPods('sensitive-host-mounts', (pod) => list(pod['volumes']).some(({ hostPath }) => hostPath !== undefined)),
  forPods('run-as-non-root', (pod) => at(pod, 'securityContext', 'runAsNonRoot') !== true),
  forPods('numeric-user', (pod) => Number(at(pod, 'securityContext', 'runAsUser') ?? 0) <= 10_000),
  forPods('unsafe-sysctls', (pod) => at(pod, 'securityContext', 'sysctls') !== undefined),
  forPods('service-account-token', (pod) => pod['automountServiceAccountToken'] !== false),
  forPods('service-links', (pod) => pod['enableServiceLinks'] !== false),
  forPods('deprecated-service-account-field', (pod) => pod['serviceAccount'] !== undefined),
  forPods('no-anti-affinity', (pod) => at(pod, 'affinity', 'podAntiAffinity') === undefined),
  forPods('non-existent-service-account', (pod, all) => !names(all, 'ServiceAccount').has(pod['serviceAccountName'])),
  forPods('non-isolated-pod', (pod, all, labels) => !all.some((one) => isolates(one, labels))),
  {
    id: 'mismatching-selector',
    find: (one) =>
      one.kind === 'Deployment' && !selects(at(one, 'spec', 'selector', 'matchLabels'), podLabels(one))
        ? ['the selector misses its own template']
        : [],
  },
  { id: 'dangling-service', find: (one, all) => (one.kind === 'Service' ? dangling(one, all) : []) },
  {
    id: 'pdb-unhealthy-pod-eviction-policy',
    find: (one) =>
      one.kind === 'PodDisruptionBudget' && at(one, 'spec', 'unhealthyPodEvictionPolicy') !== 'AlwaysAllow'
        ? ['a pod that is not well holds up its node']
        : [],
  },
  {
    id: 'pdb-allows-disruption',
    find: (one) =>
      one.kind === 'PodDisruptionBudget' && at(one, 'spec', 'maxUnavailable') === 0 ? ['no node can be drained'] : [],
  },
  {
    id: 'replicas-beside-autoscaler',
    find: (one, all) =>
      one.kind === 'Deployment' &&
      at(one, 'spec', 'replicas') !== undefined &&
      all.some(
        ({ kind, spec }) =>
          kind === 'HorizontalPodAutoscaler' && at(spec, 'scaleTargetRef', 'name') === one.metadata.name,
      )
        ? ['each apply would set the count back']
        : [],
  },
]

function forPods(id: string, isBroken: (pod: Fields, all: readonly Manifest[], labels: unknown) => boolean): Rule {
  return {
    id,
    find: (manifest, all) => {
      const pod = podOf(manifest)
      return pod !== undefined && isBroken(pod, all, podLabels(manifest)) ? ['the pod'] : []
    },
  }
}

function forContainers(id: string, isBroken: (container: Fields) => boolean, what = 'securityContext'): Rule {
  return {
    id,
    find: (manifest) => {
      const pod = podOf(manifest) ?? {}
      const containers = [...list(pod['initContainers']), ...list(pod['containers'])]
      return containers.filter((one) => isBroken(one)).map(({ name }) => `${String(name)}: ${what}`)
    },
  }
}

/** The pod that a manifest makes, in whatever kind it is wrapped. */
export function podOf(manifest: Manifest): Fields | undefined {
  const pod =
    manifest.kind === 'Pod'
      ? manifest['spec']
      : (at(manifest, 'spec', 'jobTemplate', 'spec', 'template', 'spec') ?? at(manifest, 'spec', 'template', 'spec'))
  return isRecord(pod) ? pod : undefined
}

function podLabels(manifest: Manifest): unknown {
  return manifest.kind === 'Pod'
    ? at(manifest, 'metadata', 'labels')
    : at(manifest, 'spec', 'template', 'metadata', 'labels')
}

/** A field below a field; `undefined` where one of them is missing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), value)
}

/** The objects of a list; none where there is no list. */
export function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter((each) => isRecord(each)) : []
}

function unset(container: Fields, resource: string): boolean {
  return ['requests', 'limits'].some((kind) => at(container, 'resources', kind, resource) === undefined)
}

function portsOf(container: Fields): ReadonlySet<unknown> {
  return new Set(list(container['ports']).flatMap(({ name, containerPort }) => [name, containerPort]))
}

function probesOf(container: Fields): readonly unknown[] {
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'].map((name) => container[name])
  return probes.filter((probe) => at(probe, 'httpGet') !== undefined).map((probe) => at(probe, 'httpGet', 'port'))
}

function hasWrittenSecret(container: Fields): boolean {
  return list(container['env']).some(
    ({ name, value }) => value !== undefined && /SECRET|PASSWORD|TOKEN|_KEY$/i.test(String(name)),
  )
}

function names(all: readonly Manifest[], wanted: string): ReadonlySet<unknown> {
  return new Set(all.filter(({ kind }) => kind === wanted).map(({ metadata }) => metadata.name))
}

function selects(selector: unknown, labels: unknown): boolean {
  return isRecord(selector) && Object.entries(selector).every(([name, value]) => at(labels, name) === value)
}

function isolates(one: Manifest, labels: unknown): boolean {
  return one.kind === 'NetworkPolicy' && selects(at(one, 'spec', 'podSelector', 'matchLabels') ?? {}, labels)
}

function dangling(service: Manifest, all: readonly Manifest[]): readonly string[] {
  const behind = all.filter((one) => podOf(one) && selects(at(service, 'spec', 'selector'), podLabels(one)))
  if (behind.length === 0) return ['no pod is behind it']
  const ports = new Set(behind.flatMap((one) => list(podOf(one)?.['containers']).flatMap((each) => [...portsOf(each)])))
  const targets = list(at(service, 'spec', 'ports')).map(({ targetPort, port }) => targetPort ?? port)
  return targets.filter((target) => !ports.has(target)).map((target) => `no port ${String(target)} behind it`)
}
