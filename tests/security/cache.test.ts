// Cached answers stay with their tenant: another one asks the provider, unless the operator wrote that all share.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatBody, post, type Told } from '../faults/asking.ts'
import type { RunningService } from '../kit/service.ts'
import { startValkey } from '../kit/valkey.ts'
import { needs } from '../require.ts'
import { type CallerId, type Callers, createCallers } from './callers.ts'

let callers: Callers
beforeAll(async () => {
  callers = await createCallers()
})
afterAll(() => callers.stop())

const path = '/v1/chat/completions'

function ask(service: RunningService, who: CallerId, text: string, model = 'openai/echo'): Promise<Told> {
  return post(service.url, path, chatBody(model, text), callers.bearer(who))
}

function resultsOf(replies: readonly Told[]): readonly (string | null)[] {
  return replies.map(({ headers }) => headers.get('x-ai-cache'))
}

// Two keys of two users of one team.
describe.each([
  ['by default', 'enabled: true', 2],
  ['scope: key', 'enabled: true, scope: key', 2],
  ['scope: user', 'enabled: true, scope: user', 2],
  ['scope: team', 'enabled: true, scope: team', 1],
  ['scope: global', 'enabled: true, scope: global', 1],
] as const)('T11 %s', (name, section, expected) => {
  let service: RunningService
  beforeAll(async () => {
    service = await callers.start(`cache: { ${section} }`)
  })
  afterAll(() => service.stop())

  it(`the same request of two callers makes ${expected} upstream calls, one after the other`, async () => {
    const before = callers.simulator.requests.length
    const text = `tenants ${name}`
    const replies = [await ask(service, 'one', text), await ask(service, 'two', text)]
    expect(callers.simulator.requests.length - before).toBe(expected)
    expect(resultsOf(replies)).toEqual(['miss', expected === 1 ? 'hit' : 'miss'])
    expect(resultsOf([await ask(service, 'one', text), await ask(service, 'two', text)])).toEqual(['hit', 'hit'])
  })

  it(`and as many at one time: nobody waits for another tenant’s answer`, async () => {
    const before = callers.simulator.requests.length
    callers.simulator.setDefault({ kind: 'answer', firstByteMs: 100 })
    const text = `at once ${name}`
    const replies = await Promise.all([ask(service, 'one', text), ask(service, 'two', text)])
    callers.simulator.setDefault(undefined)
    expect(replies.map(({ status }) => status)).toEqual([200, 200])
    expect(callers.simulator.requests.length - before).toBe(expected)
  })

  it('a cached answer opens no door: unknown keys get 401, and a model that a key lacks 403', async () => {
    await ask(service, 'one', `doors ${name}`, 'openai/echo')
    await ask(service, 'one', `doors ${name}`, 'openai/script')
    const unknown = await post(service.url, path, chatBody('openai/echo', `doors ${name}`))
    expect(unknown.status).toBe(401)
    const other = await ask(service, 'two', `doors ${name}`, 'openai/script')
    expect([other.status, other.error.code]).toEqual([403, 'policy_model_not_allowed'])
  })
})

/** 50,000 in the long proofs. */
const count = process.env['LONG'] ? 50_000 : 1_500
/** Milliseconds. */
const patience = process.env['LONG'] ? 900_000 : 60_000

/** Draws that are the same in every run. */
function drawer(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

async function storm(service: RunningService, requests: number, disturb: (index: number) => void): Promise<void> {
  const draw = drawer(7)
  const canaryOf = (index: number): string => `canary${String(index).padStart(4, '0')}x`
  let delivered = 0
  const one = async (index: number): Promise<void> => {
    disturb(index)
    const canary = canaryOf(Math.floor(draw() * 60))
    const leaving = new AbortController()
    const body = chatBody('openai/echo', `${canary} ${'word '.repeat(20)}`, { stream: draw() < 0.5 })
    if (draw() < 0.3) setTimeout(() => leaving.abort(), draw() * 30)
    let text = ''
    try {
      const headers = { 'content-type': 'application/json', ...callers.bearer('one') }
      const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body, signal: leaving.signal })
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString()
      expect(response.status).toBe(200)
      expect(text).toContain(canary)
      delivered++
    } catch (thrown) {
      if (!leaving.signal.aborted) throw thrown
    }
    expect(text.match(/canary\d{4}x/g)?.filter((found) => found !== canary) ?? []).toEqual([])
  }
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < requests) await one(next++)
  }
  await Promise.all(Array.from({ length: 24 }, lane))
  expect(delivered).toBeGreaterThan(requests / 2)
}

describe('T10 a storm of equal and unequal requests whose clients leave at random', () => {
  it(
    'gives each client its own answer, from memory',
    async () => {
      const service = await callers.start('cache: { enabled: true, maxBytes: 20KiB }')
      await storm(service, count, () => undefined)
      await service.stop()
    },
    patience,
  )
})

needs('redis-server')('T10 the same on a shared store that stands still now and then', () => {
  it(
    'gives each client its own answer',
    async () => {
      const server = await startValkey()
      const service = await callers.start(`stores: { shared: "${server.url}" }\ncache: { enabled: true }`)
      try {
        await storm(service, count, (index) => {
          if (index % 500 === 250) server.freeze()
          if (index % 500 === 300) server.thaw()
        })
      } finally {
        server.thaw()
        await service.stop()
        await server.stop()
      }
    },
    patience,
  )
})
