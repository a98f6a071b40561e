// The service's side of the trail: batches, tickets, what is on disk, sinks that are away or blocked, and threads that die.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodeDrafts } from './draft.ts'
import { startOf, endOf } from './engine.test.kit.ts'
import type { ToThread } from './messages.ts'
import { type AuditOutcome, AuditTrail, type ThreadEvents, type TrailParts } from './trail.ts'

const trails: AuditTrail[] = []
afterEach(async () => {
  for (const trail of trails.splice(0)) await trail.close(10)
})

/** A thread that says what the test tells it to. */
async function open(more: Partial<TrailParts> = {}) {
  const threads: { events: ThreadEvents; posted: ToThread[] }[] = []
  const counts = new Map<AuditOutcome, number>()
  const states: string[] = []
  const opening = AuditTrail.open({
    openThread(events) {
      const thread = { events, posted: [] as ToThread[] }
      threads.push(thread)
      queueMicrotask(() => events.message({ kind: 'ready', writer: 'w_1', interrupted: 0, warnings: [] }))
      return { post: (message) => void thread.posted.push(message), terminate: async () => undefined }
    },
    eager: true,
    whenAway: 'block',
    stores: true,
    count: (outcome, records) => void counts.set(outcome, (counts.get(outcome) ?? 0) + records),
    onState: (state) => void states.push(state),
    onHead: () => undefined,
    onWarning: () => undefined,
    ...more,
  })
  const trail = await opening
  trails.push(trail)
  return { trail, threads, counts, states }
}

const settled = (work: Promise<unknown> | undefined): Promise<string> =>
  Promise.resolve(work).then(
    () => 'durable',
    (error: { code: string }) => error.code,
  )
const idsIn = (messages: readonly ToThread[]): string[] =>
  messages.flatMap((message) => ('text' in message ? decodeDrafts(message.text).map(({ requestId }) => requestId) : []))
const kept = (count: number) => ({ kind: 'kept', where: 'recorded', count }) as const

it('sends what came in one turn of the loop in one message, and lets ends wait for company', async () => {
  const { trail, threads } = await open()
  const [thread] = threads
  for (const id of ['a', 'b', 'c']) trail.append(startOf(id), 'soon')
  await vi.waitFor(() => expect(thread?.posted).toHaveLength(1))
  trail.append(endOf('a'), 'later')
  expect(thread?.posted).toHaveLength(1)
  trail.append(startOf('d'), 'soon')
  await vi.waitFor(() => expect(idsIn(thread?.posted ?? [])).toEqual(['a', 'b', 'c', 'a', 'd']))
})

it('a ticket is durable once its record is kept, and not before', async () => {
  const { trail, threads, counts } = await open()
  const first = trail.append(startOf('a'), 'soon')
  const second = trail.append(startOf('b'), 'soon')
  const waiting = [settled(trail.durable(first)), settled(trail.durable(second))]
  threads[0]?.events.message(kept(1))
  expect(await waiting[0]).toBe('durable')
  expect(trail.durable(first)).toBeUndefined()
  expect(trail.depth).toBe(1)
  threads[0]?.events.message(kept(1))
  expect(await waiting[1]).toBe('durable')
  expect([trail.depth, counts.get('recorded')]).toEqual([0, 2])
})

describe('a store that is away', () => {
  it('I6 blocks: new requests are refused, those that wait are told, and it goes on by itself', async () => {
    const { trail, threads, states } = await open()
    const waiting = settled(trail.durable(trail.append(startOf('a'), 'soon')))
    threads[0]?.events.message({ kind: 'away', reason: 'disk full' })
    expect(await waiting).toBe('service_audit_away')
    expect(() => trail.admit()).toThrow('audit trail cannot be written')
    threads[0]?.events.message(kept(1))
    expect(() => trail.admit()).not.toThrow()
    expect(states).toEqual(['away', 'back'])
  })

  it('lets requests go on where the operator chose so', async () => {
    const { trail, threads } = await open({ whenAway: 'allow' })
    const waiting = settled(trail.durable(trail.append(startOf('a'), 'soon')))
    threads[0]?.events.message({ kind: 'away', reason: 'disk full' })
    expect(await waiting).toBe('durable')
    expect(() => trail.admit()).not.toThrow()
  })

  it('is replaced by the printer, where there is one', async () => {
    const printed: string[] = []
    const printer = { print: (text: string, done: (error?: unknown) => void) => (printed.push(text), done()) }
    const { trail, threads, states } = await open({ printer })
    const waiting = settled(trail.durable(trail.append(startOf('a'), 'soon')))
    threads[0]?.events.message({ kind: 'sealed', text: '{"seq":1}\n', count: 1 })
    threads[0]?.events.message({ kind: 'away', reason: 'disk full' })
    expect(await waiting).toBe('durable')
    expect([printed, states]).toEqual([['{"seq":1}\n'], []])
  })

  it('F52 counts as away when it does not answer in time, and when no sink is left nothing is let in', async () => {
    const printer = { print: () => undefined }
    const { trail, threads, states } = await open({ printer, deadlineMs: 40 })
    const waiting = settled(trail.durable(trail.append(startOf('a'), 'soon')))
    await vi.waitFor(() => expect(threads[0]?.posted).toHaveLength(1))
    threads[0]?.events.message({ kind: 'sealed', text: '{}\n', count: 1 })
    expect(await waiting).toBe('service_audit_away')
    expect(() => trail.admit()).toThrow()
    threads[0]?.events.message(kept(1))
    expect([states, trail.isAway]).toEqual([['away', 'back'], false])
  })
})

it('is bounded: starts beyond it are dropped and counted, ends of what was let in are not', async () => {
  const { trail, counts } = await open({ maxQueued: 500, whenAway: 'allow' })
  const tickets = Array.from({ length: 20 }, (_, index) => trail.append(startOf(`r${index}`), 'soon'))
  expect(tickets.filter((ticket) => ticket === 0).length).toBe(counts.get('dropped'))
  expect(tickets[0]).toBe(1)
  expect(tickets.at(-1)).toBe(0)
  expect(trail.append(endOf('r0'), 'later')).toBeGreaterThan(0)
  expect(trail.isAway).toBe(true)
})

describe('a thread that dies', () => {
  it('is followed by one that is told again what was not kept, and what came meanwhile', async () => {
    const { trail, threads, states } = await open()
    trail.append(startOf('a'), 'soon')
    trail.append(startOf('b'), 'soon')
    await vi.waitFor(() => expect(threads[0]?.posted).toHaveLength(1))
    threads[0]?.events.message(kept(1))
    threads[0]?.events.died(new Error('out of memory'))
    expect(() => trail.admit()).toThrow()
    const last = trail.append(startOf('c'), 'soon')
    await vi.waitFor(() => expect(threads).toHaveLength(2))
    await vi.waitFor(() => expect(idsIn(threads[1]?.posted ?? [])).toEqual(['b', 'c']))
    expect(threads[1]?.posted.map(({ kind }) => kind)).toEqual(['record-again', 'record'])
    threads[1]?.events.message(kept(2))
    expect(trail.durable(last)).toBeUndefined()
    expect(states).toEqual(['away', 'back'])
  })

  it('at the start is an error that says so', async () => {
    const dead = open({
      openThread(events) {
        queueMicrotask(() => events.died(new Error('no memory')))
        return { post: () => undefined, terminate: async () => undefined }
      },
    })
    await expect(dead).rejects.toThrow('The audit thread ended: no memory')
  })
})

it('closing sends what waits, waits for the thread, and counts what it could not keep', async () => {
  const { trail, threads, counts } = await open()
  trail.append(endOf('a'), 'later')
  const closed = trail.close(1_000)
  const [thread] = threads
  expect(thread?.posted.map(({ kind }) => kind)).toEqual(['record', 'close'])
  thread?.events.message(kept(1))
  thread?.events.message({ kind: 'closed' })
  await closed
  expect(counts.get('dropped')).toBeUndefined()
  const { trail: stuck, counts: lost } = await open()
  stuck.append(endOf('a'), 'later')
  await stuck.close(10)
  expect(lost.get('dropped')).toBe(1)
})

it('without a thread yet, the first record brings one', async () => {
  const { trail, threads } = await open({ eager: false })
  expect(threads).toHaveLength(0)
  trail.append(startOf('a'), 'soon')
  await vi.waitFor(() => expect(idsIn(threads[0]?.posted ?? [])).toEqual(['a']))
})
