// Limits under parallel load: exactly so many pass, and what a refused caller is told is true.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, eventually, paths, post } from '../faults/asking.ts'
import type { RunningService } from '../kit/service.ts'
import { type Callers, createCallers } from './callers.ts'

let callers: Callers
let service: RunningService
beforeAll(async () => {
  callers = await createCallers()
}, 60_000)
afterAll(() => callers.stop())
async function start(more = ''): Promise<void> {
  service = await callers.start(more)
}

describe('T27 limits under parallel load', () => {
  afterEach(async () => {
    callers.simulator.setDefault(undefined)
    await service.stop()
  })

  test('exactly so many requests of a window pass, per key, and the wait that is told is true', async () => {
    await start('limits: [ { for: key, requests: 10/20s } ]')
    const asked = callers.simulator.requests.length
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('one'))),
    )
    const passed = answers.filter(({ status }) => status === 200)
    const limited = answers.filter(({ status }) => status === 429)
    // A window of 20 s gives one place back every 2 s: what the load itself took may have freed one.
    expect(passed.length).toBeGreaterThanOrEqual(10)
    expect(passed.length).toBeLessThanOrEqual(11)
    expect(passed.length + limited.length).toBe(60)
    expect(callers.simulator.requests.length - asked).toBe(passed.length)
    expect((await post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('two'))).status).toBe(200)
    const last = await post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('one'))
    expect([last.status, last.error.code]).toEqual([429, 'policy_rate_limited'])
    const waitMs = Number(last.headers.get('retry-after-ms'))
    expect(waitMs).toBeGreaterThan(0)
    expect(waitMs).toBeLessThanOrEqual(2_000)
    expect(last.headers.get('retry-after')).toBe(String(Math.ceil(waitMs / 1_000)))
    await new Promise((resolve) => setTimeout(resolve, waitMs + 5))
    expect((await post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('one'))).status).toBe(200)
    expect((await post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('one'))).status).toBe(429)
  }, 40_000)

  test('exactly so many are under way at one time, per team, and every end gives its place back', async () => {
    await start('limits: [ { for: team, concurrent: 5 } ]')
    callers.simulator.setDefault({ kind: 'delay', ms: 1_500 })
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        post(
          service.url,
          paths.openai,
          chatBody('openai/echo', 'x', { stream: at % 2 === 0 }),
          callers.bearer(at % 3 === 0 ? 'two' : 'one'),
        ),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5)
    expect(
      answers.filter(({ status, error }) => status === 429 && error.code === 'policy_concurrency_limited'),
    ).toHaveLength(35)
    // Failed, refused, and abandoned ones leave their places too.
    callers.simulator.setDefault({ kind: 'status', status: 400 })
    for (let at = 0; at < 20; at++)
      await post(service.url, paths.openai, at % 2 === 0 ? chatBody('openai/echo') : '{', callers.bearer('one'))
    callers.simulator.setDefault({ kind: 'delay', ms: 60_000 })
    for (let at = 0; at < 10; at++) {
      const abort = AbortSignal.timeout(100)
      await fetch(`${service.url}${paths.openai}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...callers.bearer('one') },
        body: chatBody('openai/echo'),
        signal: abort,
      }).catch(() => undefined)
    }
    callers.simulator.setDefault(undefined)
    await eventually(async () => {
      const again = await Promise.all(
        Array.from({ length: 5 }, () =>
          post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('one')),
        ),
      )
      return again.every(({ status }) => status === 200)
    }, 'five places again')
  }, 60_000)
})
