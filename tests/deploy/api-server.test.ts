// Manifests and chart against a real API server that enforces Pod Security: a long proof, since building one takes minutes.
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../docs/pages.ts'
import { isRecord } from '../faults/asking.ts'
import { type ApiAnswer, type ApiServer, apiServerTools, startApiServer } from '../kit/api-server.ts'
import { chartFolder, runHelm, seedValues } from '../kit/helm.ts'
import { kustomize, type Manifest, manifestsIn } from '../kit/kubernetes.ts'
import { at, list, podOf } from '../kit/manifest-rules.ts'
import { needs } from '../require.ts'

const folder = join(root, 'deploy', 'kubernetes')
const variants = ['base', ...readdirSync(join(folder, 'overlays')).map((name) => `overlays/${name}`)]
const charts = [seedValues, ...readdirSync(join(chartFolder, 'ci')).map((name) => join(chartFolder, 'ci', name))]

/** The pod that a deployment would make: deployments are taken with a warning, pods are what is admitted or not. */
function podOfTemplate(deployment: Manifest): Manifest {
  const labels = at(deployment, 'spec', 'template', 'metadata', 'labels')
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', labels }, spec: podOf(deployment) }
}

/** How the server answered, its message where it refused; what it warns of counts as a fault. */
const told = ({ status, body, warnings }: ApiAnswer): string =>
  status === 201 && warnings.length === 0 ? 'taken' : `${status} ${String(at(body, 'message'))} ${warnings.join()}`

const namespaceOf = (variant: string): string => variant.replaceAll(/[^a-z]+/g, '-')

test('a pod is made of a deployment’s template', () => {
  const spec = { containers: [] }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a' },
    spec: { template: { spec } },
  }
  expect(podOfTemplate(deployment)).toMatchObject({ kind: 'Pod', spec })
})

/** What controllers and operators have put into a namespace before a chart comes; some variants name it. */
async function prepare(api: ApiServer, namespace: string): Promise<void> {
  await api.createNamespace(namespace)
  for (const name of ['default', 'ai-service']) {
    await api.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }, namespace)
  }
}

function againstTheServer(): void {
  let api: ApiServer
  beforeAll(async () => {
    api = await startApiServer()
    const high = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1 }
    expect(told(await api.create(high))).toBe('taken')
  }, 180_000)
  afterAll(() => api.stop(), 60_000)

  describe.each(variants)('%s', (variant) => {
    const namespace = namespaceOf(variant)

    test('T31 every object and its pod are taken, without a warning, where restricted is enforced', async () => {
      await api.createNamespace(namespace)
      const manifests = manifestsIn(kustomize(join(folder, variant)))
      for (const manifest of manifests) {
        const name = `${manifest.kind}/${manifest.metadata.name}`
        expect([name, told(await api.create(manifest, namespace, 'dry-run'))]).toEqual([name, 'taken'])
        expect([name, told(await api.create(manifest, namespace))]).toEqual([name, 'taken'])
      }
      const [deployment] = manifests.filter(({ kind }) => kind === 'Deployment')
      expect(deployment && told(await api.create(podOfTemplate(deployment), namespace))).toBe('taken')
    }, 60_000)
  })

  test('T31 a pod that is not restricted, and a field that the API does not know, are refused', async () => {
    await api.createNamespace('refused')
    const manifests = manifestsIn(kustomize(join(folder, 'base')))
    const [account] = manifests.filter(({ kind }) => kind === 'ServiceAccount')
    const [deployment] = manifests.filter(({ kind }) => kind === 'Deployment')
    if (account === undefined || deployment === undefined) throw new Error('the base lacks an object')
    await api.create(account, 'refused')
    const pod = podOfTemplate(deployment)
    const spec = isRecord(pod['spec']) ? pod['spec'] : {}
    const rooted = { ...pod, spec: { ...spec, securityContext: { runAsUser: 0 } } }
    expect(told(await api.create(rooted, 'refused'))).toMatch(/403 .*violates PodSecurity "restricted.*runAsNonRoot/)
    const misspelt = { ...pod, spec: { ...spec, terminationGracePeriod: 1 } }
    expect(told(await api.create(misspelt, 'refused'))).toMatch(/400 .*unknown field "spec.terminationGracePeriod"/)
  }, 60_000)

  describe.each(charts.map((file) => [basename(file, '.yaml'), file] as const))('the chart with %s', (name, file) => {
    test.each(['helm', 'helm3'] as const)(
      'T31 %s installs and upgrades it, its pod is taken, and its caller key stays what it was',
      async (helm) => {
        const namespace = `${namespaceOf(name)}-${helm}`
        await prepare(api, namespace)
        const access = ['--kube-apiserver', api.url, '--kube-token', api.token, '--kube-insecure-skip-tls-verify']
        const run = async (...command: readonly string[]) =>
          runHelm([...command, 'rel', chartFolder, '-n', namespace, '-f', file, ...access], helm)
        const installed = await run('install')
        expect([installed.code, installed.err.replaceAll(/.*insecure.*\n?/gi, '')]).toEqual([0, ''])
        const secrets = async (): Promise<readonly unknown[]> => {
          const { body } = await api.get(`/api/v1/namespaces/${namespace}/secrets`)
          return list(at(body, 'items'))
            .filter(({ type }) => type === 'Opaque')
            .map(({ data }) => data)
        }
        const before = await secrets()
        const upgraded = await run('upgrade')
        expect([upgraded.code, upgraded.err.replaceAll(/.*insecure.*\n?/gi, '')]).toEqual([0, ''])
        expect(await secrets()).toEqual(before)
        const { body } = await api.get(`/apis/apps/v1/namespaces/${namespace}/deployments`)
        const [deployment] = list(at(body, 'items'))
        const pod = podOfTemplate({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, ...deployment })
        expect(told(await api.create(pod, namespace))).toBe('taken')
      },
      120_000,
    )
  })
}

if (process.env['LONG']) needs('kustomize', 'helm', 'helm3', ...apiServerTools)('a real API server', againstTheServer)
