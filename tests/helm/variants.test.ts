// The chart under sets of values that belong together, judged by Helm itself, the API's schemas, pod security and kube-score.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { blocksIn } from '../docs/pages.ts'
import { chartFolder, find, type Manifest, render, renderText, runHelm, seedValues, type Values } from '../kit/helm.ts'
import {
  kustomize,
  manifestsIn,
  manifestTools,
  podSecurityFindings,
  schemaFindings,
  scoreFindings,
} from '../kit/kubernetes.ts'
import { lintFindings } from '../kit/manifest-rules.ts'
import { needs } from '../require.ts'

const folder = join(chartFolder, 'ci')
const variants = [seedValues, ...readdirSync(folder).map((name) => join(folder, name))]

/**
 * What kube-score objects to, by the check's id. The seed's own values ask for the tag `latest` and for
 * `IfNotPresent`, and what takes its tag and policy from there shares that; the rest is what a variant is there for.
 */
const tagAndPolicy = ['container-image-pull-policy', 'container-image-tag']
const objections: Readonly<Record<string, readonly string[]>> = {
  'seed-values.yaml': tagAndPolicy,
  'own-secrets-values.yaml': tagAndPolicy,
  // One pod with a volume: it is stopped before the next starts, and there is no second.
  'one-pod-values.yaml': [...tagAndPolicy, 'deployment-replicas', 'deployment-strategy'],
  // Without network policy, on purpose.
  'bare-values.yaml': [...tagAndPolicy, 'deployment-replicas', 'pod-networkpolicy'],
  'everything-values.yaml': [],
}

/** The same of the rules that are kube-linter's, which has none for the policy of pulling. */
const lintObjections: Readonly<Record<string, readonly string[]>> = {
  'seed-values.yaml': ['latest-tag'],
  // Its account is made by somebody else.
  'own-secrets-values.yaml': ['latest-tag', 'non-existent-service-account'],
  'one-pod-values.yaml': ['latest-tag'],
  'bare-values.yaml': ['latest-tag', 'non-existent-service-account', 'non-isolated-pod'],
  'everything-values.yaml': [],
}

needs(
  'helm',
  'helm3',
  ...manifestTools,
)('the chart', () => {
  test.each(variants.map((file) => [basename(file), file] as const))('%s is in order', async (name, file) => {
    for (const helm of ['helm', 'helm3'] as const) {
      const { code, out, err } = await runHelm(['lint', '--strict', chartFolder, '-f', file], helm)
      expect(out + err).toContain('0 chart(s) failed')
      expect(code).toBe(0)
    }
    const text = await renderText({ files: [file] })
    expect(schemaFindings(text)).toEqual([])
    expect(podSecurityFindings(text)).toEqual([])
    const linted = lintFindings(manifestsIn(text)).map((finding) => finding.split(' ')[1]?.replace(':', ''))
    expect(new Set(linted)).toEqual(new Set(lintObjections[name]))
    const found = scoreFindings(text).map((finding) => finding.split(' ')[1]?.replace(':', ''))
    expect(new Set(found)).toEqual(new Set(objections[name]))
  })

  test.each(variants.map((file) => [basename(file), file] as const))(
    '%s is the same to Helm 3 and 4',
    async (_, file) => {
      const plain = async (helm: 'helm' | 'helm3') =>
        manifestsIn((await renderText({ files: [file], helm })).replaceAll(/CALLER_KEY: .*/g, 'CALLER_KEY: made'))
      expect(await plain('helm3')).toEqual(await plain('helm'))
    },
  )

  test.each(variants.map((file) => [basename(file), file] as const))(
    '%s: nothing is named that is not there',
    async (_, file) => {
      const manifests = await render({ files: [file] })
      const { spec } = find(manifests, 'Deployment')['spec'].template
      const labels = find(manifests, 'Deployment')['spec'].template.metadata.labels
      for (const service of manifests.filter(({ kind }) => kind === 'Service')) {
        expect(labels).toMatchObject(service['spec'].selector)
        const ports = spec.containers[0].ports.map(({ name }: { name: string }) => name)
        for (const { targetPort } of service['spec'].ports) expect(ports).toContain(targetPort)
      }
      const volumes = spec.volumes.map(({ name }: { name: string }) => name)
      for (const { name, subPath } of spec.containers[0].volumeMounts) {
        expect(volumes).toContain(name)
        expect(subPath, 'a subPath follows no change').toBeUndefined()
      }
      for (const { name, kind } of ownReferences(spec)) expect(() => find(manifests, kind, name)).not.toThrow()
    },
  )

  const shown = blocksIn('yaml').filter(({ sample }) => sample === 'helm-values')

  test.each(shown.map(({ at, code }) => [at, code] as const))('%s is taken', async (_, code) => {
    expect(schemaFindings(await renderText({ values: parse(code) }))).toEqual([])
  })

  test('pods are replaced for what a running service cannot take over, and for nothing that is live', async () => {
    const pod = async (values: object) =>
      find(await render({ values: { secrets: { caller_key: 'k'.repeat(40) }, ...values } }), 'Deployment')['spec']
        .template
    const before = await pod({})
    expect(await pod({ config: { max_retries: 1, limits: [{ for: 'key', requests: '10/1m' }] } })).toEqual(before)
    expect(await pod({ config: { audit: { durability: 'async' } } })).toEqual(before)
    expect(await pod({ secrets: { openai_key: 'sk-other', caller_key: 'k'.repeat(40) } })).toEqual(before)
    expect(await pod({ valkey: { url: 'redis://cache' } })).toEqual(before)
    for (const config of [
      { stores: { database: 'sqlite:/var/lib/ai-service/other.db' } },
      { audit: { whenAway: 'allow' } },
      { server: { metrics: { port: 9999 } } },
      { server: { port: 9999 } },
      { server: { tls: { cert: '/tls/tls.crt', key: 'file:/tls/tls.key' } } },
      { telemetry: { metrics: { enabled: false } } },
    ])
      expect(await pod({ config }), JSON.stringify(config)).not.toEqual(before)
    expect(await pod({ postgresql: { url: 'postgres://db/ai' } })).not.toEqual(before)
  })

  test('with an autoscaler there is no replicas, which would undo what it decided', async () => {
    const manifests = await render({ values: { autoscaling: { enabled: true } } })
    expect(find(manifests, 'Deployment')['spec']).not.toHaveProperty('replicas')
    expect(find(manifests, 'HorizontalPodAutoscaler')['spec'].scaleTargetRef.name).toBe('rel-ai-service')
  })

  test('the pod is that of deploy/kubernetes', async () => {
    const base = manifestsIn(kustomize(fileURLToPath(new URL('../../deploy/kubernetes/base', import.meta.url))))
    const [chart, plain] = [find(await render(), 'Deployment'), find(base, 'Deployment')]
    expect(likeness(chart)).toEqual(likeness(plain))
  })

  test('the alerts are those of deploy/prometheus, word by word', async () => {
    const manifests = await render({ values: { prometheusRule: { enabled: true } } })
    const rules = new URL('../../deploy/prometheus/rules/ai-service.yaml', import.meta.url)
    expect(find(manifests, 'PrometheusRule')['spec']).toEqual(parse(readFileSync(rules, 'utf8')))
  })
})

/** What both ways of installing have to agree on; labels, Secrets and how many bytes are each one's own. */
function likeness({ spec: { strategy, minReadySeconds, template } }: Manifest): object {
  const { terminationGracePeriodSeconds, securityContext, enableServiceLinks, volumes, containers } = template.spec
  const [{ ports, lifecycle, livenessProbe, readinessProbe, startupProbe, volumeMounts }] = containers
  // oxlint-disable-next-line typescript/no-explicit-any -- a probe
  const probe = ({ httpGet: { path, port }, ...timing }: any) => ({ path, port, ...timing })
  return {
    strategy,
    minReadySeconds,
    terminationGracePeriodSeconds,
    securityContext,
    enableServiceLinks,
    container: { ...containers[0].securityContext, runAsNonRoot: true },
    ports,
    lifecycle,
    probes: [livenessProbe, readinessProbe, startupProbe].map((each) => probe(each)),
    mounts: volumeMounts,
    volumes: volumes.map(({ name }: { name: string }) => name),
    modes: volumes.map(({ projected }: { projected?: { defaultMode: number } }) => projected?.defaultMode),
    token: template.spec.automountServiceAccountToken,
    spread: template.spec.topologySpreadConstraints
      .map(({ topologyKey, whenUnsatisfiable, maxSkew }: Values) => [topologyKey, whenUnsatisfiable, maxSkew])
      .toSorted(),
  }
}

/** ConfigMaps and Secrets that the release itself is to have. */
function ownReferences(spec: Manifest['spec']): readonly { name: string; kind: string }[] {
  // oxlint-disable-next-line typescript/no-explicit-any -- a volume has one key of many
  const sources = spec.volumes.flatMap((volume: any) => volume.projected?.sources ?? [volume])
  return (
    sources
      // oxlint-disable-next-line typescript/no-explicit-any -- as above
      .flatMap(({ secret, configMap }: any) => [
        ...(secret === undefined ? [] : [{ kind: 'Secret', name: secret.name }]),
        ...(configMap === undefined ? [] : [{ kind: 'ConfigMap', name: configMap.name }]),
      ])
      .filter(({ name }: { name: string }) => name.startsWith('rel-'))
  )
}
