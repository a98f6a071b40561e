// A pod of the chart with Secrets of one's own: what is in them is what the process uses, and goes on to use when it changes.
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chatBody, eventually, paths, post, type Told } from '../faults/asking.ts'
import { find, type Manifest, render, type Values } from '../kit/helm.ts'
import { canMount, type Pod, startPod } from '../kit/pod.ts'
import { startPostgres } from '../kit/postgres.ts'
import { startValkey } from '../kit/valkey.ts'
import { needs, needsThat, type Requirement } from '../require.ts'

const caller = 'a-caller-key-of-somebody-else-0123456789'
let upstream: Simulator
const pods: Pod[] = []
beforeEach(async () => {
  upstream = await startSimulator()
})
afterEach(async () => {
  for (const pod of pods.splice(0)) await pod.stop()
  await upstream.close()
})

/** As somebody else has made it. */
function secret(name: string, data: Readonly<Record<string, string>>): Manifest {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  return { kind: 'Secret', metadata: { name }, data: Object.fromEntries(encoded) }
}

async function start(values: Values, others: readonly Manifest[] = []): Promise<Pod> {
  const manifests = [...(await render({ values })), ...others]
  const pod = await startPod({
    manifests,
    env: { OPENAI_BASE_URL: `${upstream.url}/v1`, GROQ_BASE_URL: `${upstream.url}/v1` },
  })
  pods.push(pod)
  if (!(await pod.listening)) throw new Error(`The pod did not start:\n${pod.output()}`)
  return pod
}

function ask(pod: Pod, model = 'openai/gpt-4o', key = caller): Promise<Told> {
  return post(pod.url, paths.openai, chatBody(model), { authorization: `Bearer ${key}` })
}

const keysSeen = () => upstream.requests.map(({ headers }) => headers['authorization'])

const inPod = (...names: readonly Requirement[]) =>
  canMount
    ? needs('helm', ...names)
    : needsThat(false, { need: 'mounts of our own', enable: 'run as root, or allow user namespaces' })

const mapped = {
  secrets: {
    existingSecret: 'ai-secrets',
    existingSecretKeys: { openai_key: 'openai-key', caller_key: 'caller', anthropic_key: 'anthropic-key' },
  },
}

inPod()('a pod', () => {
  test('finds keys in a Secret of one’s own under the names that it has there; an empty one is none', async () => {
    const own = secret('ai-secrets', { 'openai-key': 'sk-own-1', caller, 'anthropic-key': '', other: 'x' })
    const pod = await start(mapped, [own])
    expect((await ask(pod)).status).toBe(200)
    expect(keysSeen()).toEqual(['Bearer sk-own-1'])
    expect((await ask(pod, 'anthropic/claude-sonnet-5')).status).toBe(404)
  })

  test('takes a whole Secret as it is, and its caller’s key before the chart’s', async () => {
    const own = secret('ai-secrets', { OPENAI_API_KEY: 'sk-own-2', AI_SERVICE_CALLER_KEY: caller })
    const pod = await start({ secrets: { existingSecret: 'ai-secrets' } }, [own])
    expect((await ask(pod)).status).toBe(200)
    expect(keysSeen()).toEqual(['Bearer sk-own-2'])
  })

  test('goes over to a new key in its Secret without a restart, and loses no request', async () => {
    const own = (key: string) => secret('ai-secrets', { 'openai-key': key, caller, 'anthropic-key': '' })
    const pod = await start({ ...mapped, config: { secrets: { files: { poll: '100ms' } } } }, [own('sk-old-3')])
    expect((await ask(pod)).status).toBe(200)
    pod.replace(own('sk-new-3'))
    await eventually(async () => {
      expect((await ask(pod)).status).toBe(200)
      return keysSeen().at(-1) === 'Bearer sk-new-3'
    }, 'the new key is used')
    expect(pod.output()).not.toMatch(/sk-(?:old|new)-3/)
  })

  test('takes over a changed configuration without a restart, and keeps the last good one', async () => {
    const named = (alias: string): Values => ({
      secrets: { openai_key: 'sk-own-5', caller_key: caller },
      config: { models: { [alias]: { endpoints: [{ provider: 'openai', model: 'gpt-4o' }] } } },
    })
    const configMap = async (alias: string) => find(await render({ values: named(alias) }), 'ConfigMap')
    const pod = await start(named('first'))
    const lists = async (alias: string) => {
      const answer = await fetch(`${pod.url}/v1/models`, { headers: { authorization: `Bearer ${caller}` } })
      return (await answer.text()).includes(`"${alias}"`)
    }
    expect(await lists('first')).toBe(true)
    pod.replace(await configMap('second'))
    await eventually(() => lists('second'), 'the changed configuration')
    const good = await configMap('third')
    pod.replace({ ...good, data: { 'ai-service.yaml': `${good['data']['ai-service.yaml']}\nservre: {}` } })
    await eventually(() => pod.output().includes('servre'), 'the mistake is told')
    expect(await lists('second')).toBe(true)
    pod.replace(good)
    await eventually(() => lists('third'), 'the mended configuration')
  })

  test('goes from the simulator to its first key, and on to a second provider, without a restart', async () => {
    const upgraded = (keys: Values) => render({ values: { secrets: { caller_key: caller, ...keys } } })
    const pod = await start({ secrets: { caller_key: caller } })
    expect((await ask(pod, 'simulator/echo')).status).toBe(200)
    const first = await upgraded({ openai_key: 'sk-own-6' })
    // A kubelet brings them in any order.
    pod.replace(find(first, 'ConfigMap'))
    pod.replace(find(first, 'Secret'))
    await eventually(async () => (await ask(pod)).status === 200, 'the first key is used')
    await eventually(async () => (await ask(pod, 'simulator/echo')).status === 404, 'the simulator is gone')
    pod.replace(find(await upgraded({ openai_key: 'sk-own-6', groq_key: 'gsk_own_6_0123456789' }), 'Secret'))
    await eventually(async () => (await ask(pod, 'groq/llama-3.3-70b-versatile')).status === 200, 'the second provider')
    expect(new Set(keysSeen())).toEqual(new Set(['Bearer sk-own-6', 'Bearer gsk_own_6_0123456789']))
  })

  test('a Secret without the key is what the kubelet refuses, by the key’s name', async () => {
    await expect(start(mapped, [secret('ai-secrets', { caller })])).rejects.toThrow(
      'references non-existent secret key: anthropic-key',
    )
    await expect(start(mapped)).rejects.toThrow('ai-secrets')
  })
})

inPod('postgres', 'redis-server')('a pod with PostgreSQL and Valkey', () => {
  test('records there, and shares its cache there', async () => {
    const postgres = await startPostgres()
    const valkey = await startValkey()
    try {
      const database = await postgres.createDatabase()
      const values = {
        secrets: { openai_key: 'sk-own-4', caller_key: caller },
        config: { cache: { enabled: true } },
        valkey: { url: valkey.url },
        postgresql: { existingSecret: 'ai-database' },
      }
      const own = [secret('ai-database', { url: database })]
      const [one, other] = [await start(values, own), await start(values, own)]
      expect((await ask(one)).headers.get('x-ai-cache')).toBe('miss')
      // An answer is kept once it was given.
      await eventually(async () => /[1-9]/.test(await valkey.command('DBSIZE')), 'the answer is kept')
      expect((await ask(other)).headers.get('x-ai-cache')).toBe('hit')
      const count = async () =>
        Number((await postgres.query(database, 'SELECT count(*) AS n FROM audit_records'))[0]?.['n'])
      await eventually(async () => (await count()) >= 4, 'two requests are recorded')
      expect(upstream.requests).toHaveLength(1)
    } finally {
      for (const pod of pods.splice(0)) await pod.stop()
      await postgres.stop()
      await valkey.stop()
    }
  })
})
