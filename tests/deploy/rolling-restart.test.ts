// Three replicas behind HAProxy, replaced one after the other under load: no request fails, no stream ends in silence.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../docs/pages.ts'
import { eventually } from '../faults/asking.ts'
import { type LoadBalancer, startHaproxy } from '../kit/haproxy.ts'
import { createVolume, type KubeletVolume } from '../kit/kubelet-volume.ts'
import { needsMounts, type RunningReplica, startReplica } from '../kit/replica.ts'
import { freePort } from '../kit/service.ts'
import { startLoad } from '../kit/steady-load.ts'
import { needs } from '../require.ts'

const isLong = Boolean(process.env['LONG'])
/** Each replaces all three replicas. */
const restarts = isLong ? 100 : 10
const callerKey = 'caller-key-of-the-rolling-restarts-0123456789'
/** Five seconds in the manifests. What has to happen in it is that HAProxy sees two red answers, 100 ms apart. */
const preStopMs = 300

/** Three serve; the others are for those that come and those that are on their way out. */
const slotCount = 6

interface Replica {
  readonly slot: number
  readonly pod: RunningReplica
}

let shutdownGrace = ''
let folder = ''
let upstream: Simulator
let secrets: KubeletVolume
let balancer: LoadBalancer
let ports: readonly number[] = []
/** Oldest first. */
let serving: Replica[] = []
let leaving: Promise<unknown>[] = []
const taken = new Set<number>()
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rolling-'))
  upstream = await startSimulator({ record: 50 })
  upstream.setDefault({ kind: 'answer', intervalMs: 40 })
  secrets = createVolume(join(folder, 'secrets'), { AI_SERVICE_CALLER_KEY: callerKey })
  ports = await Promise.all(Array.from({ length: slotCount }, () => freePort()))
  balancer = await startHaproxy(ports)
})
afterEach(async () => {
  for (const { pod } of serving) await pod.stop()
  await Promise.all(leaving)
  taken.clear()
  leaving = []
  serving = []
  await balancer.stop()
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

async function serve(grace: string): Promise<void> {
  shutdownGrace = grace
  serving = [start(0), start(1), start(2)]
  for (const replica of serving) await isIn(replica)
}

function start(slot: number, build?: string): Replica {
  taken.add(slot)
  const env = { OPENAI_API_KEY: 'sk-of-the-replicas-0123456789' }
  const port = ports[slot] ?? 0
  const server = { drainDelay: '2s', shutdownGrace }
  const pod = startReplica({
    port,
    upstream: upstream.url,
    secrets,
    env,
    server,
    ...(build === undefined ? {} : { build }),
  })
  return { slot, pod }
}

async function isIn({ slot, pod }: Replica): Promise<void> {
  await pod.untilReady()
  await eventually(async () => (await balancer.up()).includes(`r${slot}`), `replica ${slot} is in`, 30_000)
}

async function freeSlot(): Promise<number> {
  const free = (): number | undefined => ports.map((_, slot) => slot).find((slot) => !taken.has(slot))
  await eventually(() => free() !== undefined, 'a replica has left', 60_000)
  return free() ?? 0
}

function leave({ slot, pod }: Replica): Promise<void> {
  const left = pod.terminate(preStopMs).then((code) => {
    expect(code).toBe(0)
    taken.delete(slot)
  })
  leaving.push(left)
  return left
}

/** As the deployment says: one more comes, and once it is in the oldest is asked to go, while the next one comes. */
async function replaceAll(build?: string): Promise<void> {
  for (const old of serving) {
    const next = start(await freeSlot(), build)
    serving = [...serving.filter((replica) => replica !== old), next]
    await isIn(next)
    void leave(old)
  }
}

/** With no room for one more: the oldest goes first, and two serve until its place is taken. */
async function replaceAllInPlace(build?: string): Promise<void> {
  for (const old of serving) {
    serving = serving.filter((replica) => replica !== old)
    await leave(old)
    const next = start(old.slot, build)
    serving.push(next)
    await isIn(next)
  }
}

/** The same code under the next version's number. */
function nextVersion(): string {
  const build = join(folder, 'next', 'packages', 'ai-service')
  for (const part of ['bin', 'data', 'dist']) {
    cpSync(join(root, 'packages', 'ai-service', part), join(build, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'next', 'node_modules'))
  const described = readFileSync(join(root, 'packages', 'ai-service', 'package.json'), 'utf8')
  writeFileSync(join(build, 'package.json'), described.replace('"version": "0.1.0"', '"version": "0.2.0"'))
  return build
}

const agents = (): readonly string[] => upstream.requests.map(({ headers }) => String(headers['user-agent']))

needsMounts(`F30 three replicas with the configuration of the manifests`, () => {
  needs('haproxy')('behind HAProxy', () => {
    test(`F30 × ${restarts}: no whole answer fails, and every stream ends whole or with an error event`, async () => {
      await serve('60s')
      const load = startLoad({ url: balancer.url, key: callerKey, whole: 6, streams: 6, pauseMs: 20 })
      for (let count = 0; count < restarts; count++) await replaceAll()
      await Promise.all(leaving)
      const booked = await load.stop()
      if (isLong) process.stdout.write(`${JSON.stringify({ ...booked, restarts: restarts * 3 })}\n`)
      expect(booked.failures.slice(0, 5), balancer.troubles()).toEqual([])
      expect(booked.whole).toBeGreaterThan(restarts * 10)
      expect(booked.streams).toBeGreaterThan(restarts * 5)
      // The grace is longer than any stream here.
      expect(booked.told).toBe(0)
    }, 3_600_000)

    test('F30 to the next version and back, in place; streams longer than the grace are told', async () => {
      const build = nextVersion()
      await serve('2500ms')
      upstream.setDefault({ kind: 'answer', intervalMs: 100 })
      const load = startLoad({ url: balancer.url, key: callerKey, whole: 4, streams: 6, words: 60, pauseMs: 20 })
      await replaceAllInPlace(build)
      await eventually(() => agents().every((agent) => agent.includes('ai-service/0.2.0')), 'the next version serves')
      await replaceAllInPlace()
      await eventually(() => agents().every((agent) => agent.includes('ai-service/0.1.0')), 'the old one serves again')
      const booked = await load.stop()
      expect(booked.failures.slice(0, 5), balancer.troubles()).toEqual([])
      expect(booked.whole).toBeGreaterThan(20)
      expect(booked.told).toBeGreaterThan(0)
      // The last one of each caller, at the least.
      expect(booked.streams).toBeGreaterThanOrEqual(6)
    }, 240_000)
  })
})
