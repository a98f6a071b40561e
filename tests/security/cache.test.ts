// Cached answers stay with their tenant: another one asks the provider, unless the operator wrote that all share.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatBody, post, type Told } from '../faults/asking.ts'
import type { RunningService } from '../kit/service.ts'
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
