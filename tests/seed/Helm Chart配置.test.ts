// Helm chart: the seed's values.yaml, unchanged, reaches the objects of the cluster and the running process, key by key.
import { readFileSync } from 'node:fs'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { chatBody, paths, post, told, type Told } from '../faults/asking.ts'
import { find, type Manifest, render, seedValues, type Values } from '../kit/helm.ts'
import { canMount, type Pod, startPod } from '../kit/pod.ts'
import { needs, needsThat } from '../require.ts'

const LONG = process.env['LONG'] === '1'
const openaiKey = 'sk-seed-openai-0123456789abcdef'
const model = 'openai/gpt-4o'

let upstream: Simulator
const pods: Pod[] = []
beforeEach(async () => {
  upstream = await startSimulator()
})
afterEach(async () => {
  for (const pod of pods.splice(0)) await pod.stop()
  await upstream.close()
})

function seed(values: Values = {}, helm: 'helm' | 'helm3' = 'helm'): Promise<readonly Manifest[]> {
  return render({ files: [seedValues], values, helm })
}

/** A pod of the release, which finds the simulator where OpenAI would be. */
async function start(manifests: readonly Manifest[]): Promise<Pod> {
  const env = { OPENAI_BASE_URL: `${upstream.url}/v1`, GROQ_BASE_URL: `${upstream.url}/v1` }
  const pod = await startPod({ manifests, env })
  pods.push(pod)
  if (!(await pod.listening)) throw new Error(`The pod did not start:\n${pod.output()}`)
  return pod
}

/** The key that NOTES.txt tells how to read. */
function callerKey(manifests: readonly Manifest[]): string {
  const { AI_SERVICE_CALLER_KEY: key } = find(manifests, 'Secret')['data']
  return Buffer.from(key, 'base64').toString()
}

function ask(pod: Pod, manifests: readonly Manifest[], asked = model): Promise<Told> {
  return post(pod.url, paths.openai, chatBody(asked), { authorization: `Bearer ${callerKey(manifests)}` })
}

needs('helm', 'helm3')('the seed’s values, rendered', () => {
  test('are what a chart without any other values has', async () => {
    const withoutKey = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => kind !== 'Secret')
    expect(withoutKey(await render())).toEqual(withoutKey(await seed()))
  })

  test.each(['helm', 'helm3'] as const)(
    '%s: replicas, image, service and resources are those of the file',
    async (helm) => {
      const values = parse(readFileSync(seedValues, 'utf8'))
      const manifests = await seed({}, helm)
      const { spec } = find(manifests, 'Deployment')
      const [container] = spec.template.spec.containers
      expect(spec.replicas).toBe(values.replicaCount)
      expect(container.image).toBe(`${values.image.repository}:${values.image.tag}`)
      expect(container.imagePullPolicy).toBe(values.image.pullPolicy)
      expect(container.resources).toMatchObject(values.resources)
      const service = find(manifests, 'Service', 'rel-ai-service')['spec']
      expect(service.type).toBe(values.service.type)
      expect(service.ports).toEqual([{ name: 'http', port: values.service.port, targetPort: 'http' }])
      expect(container.ports).toContainEqual({ name: 'http', containerPort: 8080 })
    },
  )

  test('keys that are empty are not set', async () => {
    const secret = find(await seed(), 'Secret')
    expect(Object.keys(secret['data'])).toEqual(['AI_SERVICE_CALLER_KEY'])
    const given = find(await seed({ secrets: { anthropic_key: 'sk-ant-1', groq_key: '' } }), 'Secret')
    expect(Object.keys(given['data'])).toEqual(['ANTHROPIC_API_KEY', 'AI_SERVICE_CALLER_KEY'])
  })
})

const inPod = canMount
  ? needs('helm')
  : needsThat(false, { need: 'mounts of our own', enable: 'run as root, or allow user namespaces' })

inPod('the seed’s values, running', () => {
  test('as they stand: it starts, asks callers for the chart’s key, and answers', async () => {
    const manifests = await seed()
    const pod = await start(manifests)
    const ready = await fetch(`${pod.url}/health/ready`)
    expect(ready.status).toBe(200)
    expect((await fetch(`${pod.url}/v1/models`)).status).toBe(401)
    const models = await told(await fetch(`${pod.url}/v1/models`, { headers: { 'x-api-key': callerKey(manifests) } }))
    expect(JSON.parse(models.text).data.map(({ id }: { id: string }) => id)).toContain('simulator/echo')
    const answer = await ask(pod, manifests, 'simulator/echo')
    expect([answer.status, JSON.parse(answer.text).choices[0].message.content]).toEqual([200, 'Hello there'])
    expect((await fetch(`${pod.metricsUrl}/metrics`)).status).toBe(200)
    expect(await ask(pod, manifests)).toMatchObject({ status: 404 })
    expect(upstream.requests).toEqual([])
  })

  test('openai_key and groq_key are what those providers get; an empty anthropic_key is no provider', async () => {
    const manifests = await seed({ secrets: { openai_key: openaiKey, groq_key: 'gsk_seed_groq_0123456789' } })
    const pod = await start(manifests)
    expect((await ask(pod, manifests)).status).toBe(200)
    expect((await ask(pod, manifests, 'groq/llama-3.3-70b-versatile')).status).toBe(200)
    expect(upstream.requests.map(({ headers }) => headers['authorization'])).toEqual([
      `Bearer ${openaiKey}`,
      'Bearer gsk_seed_groq_0123456789',
    ])
    expect((await ask(pod, manifests, 'anthropic/claude-sonnet-5')).status).toBe(404)
    expect((await ask(pod, manifests, 'simulator/echo')).status).toBe(404)
    expect(pod.output()).not.toContain(openaiKey)
  })

  test('max_retries: 3 is four attempts on the wire', async () => {
    const manifests = await seed({ secrets: { openai_key: openaiKey } })
    const pod = await start(manifests)
    upstream.setDefault({ kind: 'status', status: 503 })
    const answer = await ask(pod, manifests)
    expect([answer.status, answer.headers.get('x-ai-attempts')]).toEqual([502, '4'])
    expect(upstream.requests).toHaveLength(4)
  })

  test('pool_size: 16 is sixteen sockets under 64 requests at a time', async () => {
    const manifests = await seed({ secrets: { openai_key: openaiKey } })
    const pod = await start(manifests)
    upstream.setDefault({ kind: 'answer', firstByteMs: 50 })
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, upstream.openSockets())
    }, 5)
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask(pod, manifests)))
    clearInterval(watch)
    most = Math.max(most, upstream.openSockets())
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(most).toBe(16)
    expect(upstream.totalConnections()).toBe(16)
  })

  test('timeout: 30s is the plan of the process; what is written there is when an answer is given up', async () => {
    const manifests = await seed({ secrets: { openai_key: openaiKey } })
    const checked = await startPod({ manifests, args: ['check', '--json'] })
    expect(await checked.exited).toBe(0)
    const { plan } = JSON.parse(checked.output().split('\n')[0] ?? '')
    await checked.stop()
    const { timeouts, poolSize } = plan.providers.find(({ name }: { name: string }) => name === 'openai')
    expect({ timeouts, poolSize }).toMatchObject({ timeouts: { totalMs: 30_000, firstTokenMs: 30_000 }, poolSize: 16 })
    expect(plan.server.maxRetries).toBe(3)
    // The seed's own half minute is waited for in the long run.
    const waited = LONG ? { timeout: '30s', ms: 30_000 } : { timeout: '700ms', ms: 700 }
    const config = { max_retries: 0, timeout: waited.timeout }
    const { ms, status, code } = await msUntilGivenUp(await seed({ secrets: { openai_key: openaiKey }, config }))
    expect([status, code]).toEqual([504, 'provider_timeout_total'])
    expect(ms).toBeGreaterThanOrEqual(waited.ms * 0.98)
  }, 90_000)
})

async function msUntilGivenUp(manifests: readonly Manifest[]) {
  const pod = await start(manifests)
  upstream.setDefault({ kind: 'delay', ms: 120_000 })
  const begunMs = performance.now()
  const { status, error } = await ask(pod, manifests)
  return { status, code: error.code, ms: performance.now() - begunMs }
}
