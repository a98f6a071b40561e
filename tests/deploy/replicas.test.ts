// Replicas as the manifests make them: their configuration as it is, secrets that change under them, and settings that drift apart.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../docs/pages.ts'
import { chatBody, eventually, paths, post } from '../faults/asking.ts'
import { startHaproxy } from '../kit/haproxy.ts'
import { createVolume, type KubeletVolume } from '../kit/kubelet-volume.ts'
import { needsMounts, type RunningReplica, type ReplicaSetup, startReplica } from '../kit/replica.ts'
import { freePort } from '../kit/service.ts'
import { startLoad } from '../kit/steady-load.ts'
import { needs } from '../require.ts'

const callerKey = 'caller-key-of-the-replicas-0123456789abcdef'
const authorization = `Bearer ${callerKey}`
const [oldKey, newKey] = ['sk-before-0123456789', 'sk-after-0123456789']
const baseConfig = readFileSync(join(root, 'deploy', 'kubernetes', 'base', 'ai-service.yaml'), 'utf8')

/** The keys that the provider takes at present. */
let accepted: string[] = []
let folder = ''
let upstream: Simulator
const closers: (() => Promise<void>)[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'replicas-'))
  accepted = [oldKey]
  upstream = await startSimulator({ keys: accepted, record: 100 })
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

const accept = (...keys: readonly string[]): void => void accepted.splice(0, accepted.length, ...keys)
const secretsOf = (files: Readonly<Record<string, string>>): KubeletVolume =>
  createVolume(join(folder, 'secrets'), { AI_SERVICE_CALLER_KEY: callerKey, ...files })
const keysSeen = (): ReadonlySet<unknown> => new Set(upstream.requests.map(({ headers }) => headers.authorization))

async function start(
  setup: Omit<ReplicaSetup, 'port' | 'upstream'>,
): Promise<RunningReplica & { readonly port: number }> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const pod = startReplica({ port, metricsPort, upstream: upstream.url, ...setup })
  closers.push(() => pod.stop())
  await pod.untilReady()
  return { ...pod, port }
}

async function startAlone(secrets: KubeletVolume, text = baseConfig): Promise<RunningReplica> {
  const pod = startReplica({ ownNetwork: true, text, secrets, env: { OPENAI_API_KEY: oldKey } })
  closers.push(() => pod.stop())
  await eventually(() => pod.ask('http://127.0.0.1:8080/health/ready').includes('ready'), 'it is ready', 30_000)
  return pod
}

async function metricsOf(pod: RunningReplica): Promise<string> {
  const response = await fetch(`${pod.metricsUrl}/metrics`)
  return response.text()
}

/** Above `reload.interval` (30 s): a change that falls into the start of a watch is found by that comparison alone. */
const patienceMs = 90_000
const hashIn = (metrics: string): string | undefined => /ai_config_version_info\{hash="(\w+)"\} 1/.exec(metrics)?.[1]

needsMounts('replicas of the manifests', () => {
  test('start with the configuration exactly as it is, on the ports of the manifests', async () => {
    const pod = await startAlone(secretsOf({}))
    expect(pod.ask('http://127.0.0.1:8080/health/live')).toContain('live')
    expect(pod.ask('http://127.0.0.1:9464/metrics')).toContain('ai_config_version_info')
    expect(pod.ask('http://127.0.0.1:8080/v1/models')).toContain('caller_')
    expect(pod.output()).not.toMatch(/sk-before|caller-key-of/)
  }, 60_000)

  test('whose configurations differ are visible, and those with the same one show the same', async () => {
    const secrets = secretsOf({})
    const [one, other] = [await startAlone(secrets), await startAlone(secrets)]
    const hash = (pod: RunningReplica): string | undefined => hashIn(pod.ask('http://127.0.0.1:9464/metrics'))
    expect(hash(one)).toMatch(/^\w{12}$/)
    expect(hash(other)).toBe(hash(one))
    const changed = { 'ai-service.yaml': `${baseConfig}\nmax_retries: 1\n` }
    const shared = hash(one)
    other.config.update(changed)
    await eventually(() => hash(other) !== shared, 'one of them has the new configuration', patienceMs)
    expect(hash(one)).toBe(shared)
    one.config.update(changed)
    await eventually(() => hash(one) === hash(other), 'both have it', patienceMs)
    expect(hash(one)).not.toBe(shared)
  }, 300_000)

  test('keep the configuration they have where the next one is wrong, and say line and path', async () => {
    const pod = await startAlone(secretsOf({}))
    const hash = (): string | undefined => hashIn(pod.ask('http://127.0.0.1:9464/metrics'))
    const before = hash()
    pod.config.update({ 'ai-service.yaml': `${baseConfig}\nserver: { prot: 1 }\n` })
    await eventually(() => pod.output().includes('is not taken over'), 'it is refused', patienceMs)
    expect(hash()).toBe(before)
    expect(pod.ask('http://127.0.0.1:9464/metrics')).toMatch(/ai_config_reload_total\{outcome="rejected"\} 1/)
    expect(pod.ask('http://127.0.0.1:8080/health/ready')).toContain('ready')
  }, 180_000)

  test('let another caller in, and the one before out, when the secret of caller keys changes', async () => {
    const secrets = secretsOf({})
    const pod = await start({ secrets, env: { OPENAI_API_KEY: oldKey } })
    const status = async (key: string): Promise<number> => {
      const answer = await post(pod.url, paths.openai, chatBody('openai/echo'), { authorization: `Bearer ${key}` })
      return answer.status
    }
    const next = 'another-caller-key-0123456789abcdef0123'
    expect([await status(callerKey), await status(next)]).toEqual([200, 401])
    secrets.update({ AI_SERVICE_CALLER_KEY: next })
    await eventually(async () => (await status(next)) === 200, 'the new key is taken', patienceMs)
    expect(await status(callerKey)).toBe(401)
  }, 120_000)

  test('the variable of the seed: another key is taken over by a restart, and by nothing less', async () => {
    const [secrets, server] = [secretsOf({}), { drainDelay: '0s' }]
    const asked = async (pod: RunningReplica): Promise<number> => {
      const answer = await post(pod.url, paths.openai, chatBody('openai/echo'), { authorization })
      return answer.status
    }
    const before = await start({ secrets, server, env: { OPENAI_API_KEY: oldKey } })
    expect(await asked(before)).toBe(200)
    expect(await before.terminate(0)).toBe(0)
    accept(newKey)
    const after = await start({ secrets, server, env: { OPENAI_API_KEY: newKey } })
    expect(await asked(after)).toBe(200)
    expect([...keysSeen()]).toEqual([`Bearer ${oldKey}`, `Bearer ${newKey}`])
  }, 60_000)

  needs('haproxy')('behind HAProxy', () => {
    test('F45 a secret that kubelet swaps reaches the wire on all of them, without a restart or a failed request', async () => {
      const secrets = secretsOf({ OPENAI_API_KEY: oldKey })
      const pods = [await start({ secrets }), await start({ secrets }), await start({ secrets })]
      const balancer = await startHaproxy(pods.map(({ port }) => port))
      closers.push(() => balancer.stop())
      await eventually(async () => (await balancer.up()).length === 3, 'all replicas are in', 20_000)
      const load = startLoad({ url: balancer.url, key: callerKey, whole: 6, streams: 3, pauseMs: 10 })
      await eventually(() => load.booked.whole > 20, 'requests are under way', 20_000)
      accept(oldKey, newKey)
      secrets.update({ AI_SERVICE_CALLER_KEY: callerKey, OPENAI_API_KEY: newKey })
      for (const pod of pods) {
        const rotated = async (): Promise<boolean> =>
          /ai_key_rotations_total\{provider="openai",outcome="rotated"\} 1$/m.test(await metricsOf(pod))
        await eventually(rotated, 'the new key is the one, the old one has drained', 60_000)
      }
      accept(newKey)
      const soFar = load.booked.whole
      await eventually(() => load.booked.whole > soFar + 30, 'requests went on', 20_000)
      const booked = await load.stop()
      expect(booked.failures.slice(0, 5)).toEqual([])
      expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${newKey}`)
      for (const pod of pods) expect(pod.output()).not.toMatch(/sk-before|sk-after/)
    }, 120_000)
  })
})
