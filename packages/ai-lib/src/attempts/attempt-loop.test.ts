// The loop over attempts against a hand-written network: who is asked next, with which key and bytes, and what is recorded.
import { describe, expect, it } from 'vitest'
import { Secret } from '../errors/secret.ts'
import { AiError } from '../errors/ai-error.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import {
  body,
  errorOf,
  type Hop,
  hop,
  inTurn,
  keysUsed,
  ok,
  outcomes,
  prepared,
  run,
  status,
} from './attempt-loop.test.kit.ts'
import { frames } from './attempt.test.kit.ts'
import { KeyPool } from './key-pool.ts'
import type { Target } from './target.ts'

describe('an answer', () => {
  it('comes from the first target, with the key, the headers and the path that are due', async () => {
    const a = hop('a', ok)
    const ran = await run([a, hop('b', ok)])
    expect(ran.outcome).toMatchObject({ kind: 'whole', target: { endpoint: 'a' } })
    expect(a.flights[0]?.request).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-a-k1', 'user-agent': 'test', accept: 'application/json' },
    })
    expect(ran.outcome.attempts).toEqual([
      {
        endpoint: 'a',
        provider: 'openai',
        model: 'a-model',
        keyFingerprint: new Secret('sk-a-k1').fingerprint,
        outcome: 'answered',
        startedMs: 1_000,
        durationMs: 0,
      },
    ])
  })

  it('is asked for with headers that each attempt has for itself, behind all others and before the key', async () => {
    const [a, b] = [hop('a', status(529)), hop('b', ok)]
    const attemptHeaders = (target: Target, index: number) => ({
      'user-agent': `${target.endpoint} ${index}`,
      authorization: 'nobody’s',
    })
    const { outcome } = await run([a, b], { attemptHeaders })
    const sent = [a, b].map(({ flights }) => flights[0]?.request.headers)
    expect(sent).toMatchObject([
      { 'user-agent': 'a 0', authorization: 'Bearer sk-a-k1' },
      { 'user-agent': 'b 1', authorization: 'Bearer sk-b-k1' },
    ])
    expect(outcome.attempts).toHaveLength(2)
  })

  it('of a stream comes open', async () => {
    const a = hop('a', (flight) =>
      queueMicrotask(() => (flight.streamHead(), flight.data(frames.text('hi') + frames.done), flight.end())),
    )
    const { outcome } = await run([a], { stream: true })
    if (outcome.kind !== 'stream') throw new Error(outcome.kind)
    const said: string[] = []
    outcome.stream.attach({
      data: (out) => said.push(out.toString()),
      ended: () => said.push('ended'),
      failed: () => said.push('failed'),
    })
    expect(said).toEqual([frames.text('hi') + frames.done, 'ended'])
    outcome.stream.destroy()
  })
})

describe('after a failure that may pass', () => {
  it('the next target is asked at once, and the same bytes are sent again', async () => {
    const [a, b] = [hop('a', status(503)), hop('b', ok)]
    const ran = await run([a, b])
    expect(outcomes(ran)).toEqual(['a overloaded', 'b answered'])
    expect(ran.clock.slept).toEqual([])
    const sent = [...a.flights, ...b.flights].map(({ request }) => request.body)
    expect(sent).toEqual([body, body])
    for (const bytes of sent) expect(bytes).toBe(body)
  })

  it('the last target is asked again, after the back-off, with the same bytes', async () => {
    const a = hop('a', inTurn(status(500), status(500), ok))
    const ran = await run([a])
    expect(outcomes(ran)).toEqual(['a failed', 'a failed', 'a answered'])
    expect(ran.clock.slept).toEqual([25, 50])
    for (const { request } of a.flights) expect(request.body).toBe(body)
  })

  it("the provider's own wait is kept", async () => {
    const ran = await run([hop('a', inTurn(status(500, { 'retry-after': '7' }), ok))])
    expect(ran.clock.slept).toEqual([7_000])
  })

  it('another key of the same target is preferred to the one that failed', async () => {
    const a = hop('a', inTurn(status(500), status(500), ok), ['k1', 'k2'])
    await run([a])
    expect(new Set(keysUsed(a).slice(0, 2))).toEqual(new Set(['Bearer sk-a-k1', 'Bearer sk-a-k2']))
  })

  it.each([
    [0, 1],
    [1, 2],
    [2, 3],
    [4, 5],
  ])('with %i retries there are at most %i attempts', async (maxRetries, attempts) => {
    const ran = await run([hop('a', status(500))], { maxRetries })
    expect(ran.outcome.attempts).toHaveLength(attempts)
    expect(errorOf(ran)).toMatchObject({ code: 'provider_failed', details: { exhausted: true } })
    const over = await run(
      Array.from({ length: 10 }, (_, index) => hop(`t${index}`, status(500))),
      { maxRetries },
    )
    expect(over.outcome.attempts).toHaveLength(attempts)
  })

  it('nothing is repeated once the retry budget is spent', async () => {
    const a = hop('a', status(500))
    while (a.budget.draw());
    expect((await run([a])).outcome.attempts).toHaveLength(1)
  })

  it('the deadline of the exchange ends it', async () => {
    const ran = await run([hop('a', status(500, { 'retry-after': '3' }))], { timeoutMs: 2_000 })
    expect(ran.outcome.attempts).toHaveLength(1)
    expect(ran.clock.slept).toEqual([])
  })
})

describe('a request that the provider refuses', () => {
  it.each([400, 413, 422])('with %i is asked once, told as it is, and not called exhausted', async (code) => {
    const [a, b] = [
      hop('a', status(code, {}, { error: { message: 'bad field', type: 'invalid_request_error' } })),
      hop('b', ok),
    ]
    const ran = await run([a, b])
    expect(b.flights).toEqual([])
    expect(errorOf(ran).status).toBe(code)
    expect(errorOf(ran).message).toContain('bad field')
    expect(errorOf(ran).details.exhausted).toBeUndefined()
  })
})

describe('keys', () => {
  it.each([401, 403])('one refused with %i is quarantined, the next asked at once, no retry drawn', async (code) => {
    const a = hop('a', inTurn(status(code), status(code), ok), ['k1', 'k2', 'k3'])
    const ran = await run([a], { maxRetries: 0 })
    expect(ran.outcome.kind).toBe('whole')
    expect(new Set(keysUsed(a)).size).toBe(3)
    expect(
      a.keys
        .states()
        .map(({ state }) => state.kind)
        .filter((kind) => kind === 'quarantined'),
    ).toHaveLength(2)
    expect(ran.clock.slept).toEqual([])
  })

  it('one that is limited cools for as long as the provider says, and is back after', async () => {
    const a = hop('a', inTurn(status(429, { 'retry-after': '30' }), ok), ['k1', 'k2'])
    const ran = await run([a], { maxRetries: 0 })
    expect(ran.outcome.kind).toBe('whole')
    expect(a.keys.coolingForMs(ran.clock.now)).toBe(30_000)
  })

  it('one without quota is out until it is refreshed', async () => {
    const quota = { error: { message: 'x', type: 'insufficient_quota', code: 'insufficient_quota' } }
    const a = hop('a', inTurn(status(429, {}, quota), ok), ['k1', 'k2'])
    await run([a])
    expect(
      a.keys
        .states()
        .map(({ state }) => state.kind)
        .toSorted((l, r) => l.localeCompare(r)),
    ).toEqual(['exhausted', 'ready'])
  })

  it('at most ten are asked in one exchange', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `k${index}`)
    const a = hop('a', status(401), names)
    const ran = await run([a], { maxRetries: 0 })
    expect(a.flights).toHaveLength(10)
    expect(new Set(keysUsed(a)).size).toBe(10)
    expect(errorOf(ran).code).toBe('provider_key_refused')
  })

  it('all cooling: the client is told exactly when the first is back, and nothing is sent', async () => {
    const a = hop('a', ok, ['k1', 'k2'])
    const pool = new KeyPool([{ name: 'k', secret: new Secret('s') }])
    const cooled = pool.pick(0, new Set())
    if (cooled) pool.cool(cooled, 6_500)
    const target = { ...a.target, upstream: { ...a.target.upstream, keys: pool } }
    const ran = await run([{ ...a, target }])
    expect(a.flights).toEqual([])
    expect(errorOf(ran)).toMatchObject({ code: 'provider_rate_limited', status: 429, retryAfterMs: 5_500 })
  })

  it('none where one is needed: the target is passed over', async () => {
    const [a, b] = [hop('a', ok, []), hop('b', ok)]
    const ran = await run([a, b])
    expect(a.flights).toEqual([])
    expect(ran.outcome).toMatchObject({ kind: 'whole', target: { endpoint: 'b' } })
    expect(errorOf(await run([hop('a', ok, [])])).code).toBe('service_not_configured')
  })
})

describe('where a target cannot serve', () => {
  it.each([
    [404, 'not-found'],
    [307, 'redirected'],
  ])('%i goes to the next target without drawing on the budget', async (code, came) => {
    const [a, b] = [hop('a', status(code)), hop('b', ok)]
    while (a.budget.draw());
    expect(outcomes(await run([a, b]))).toEqual([`a ${came}`, 'b answered'])
  })

  it('a request that cannot be written for the first target is refused before anything is sent', async () => {
    const a = hop('a', ok)
    const refused = new AiError('policy_losses_refused')
    const prepare = (): never => {
      throw refused
    }
    await expect(run([a], { prepare })).rejects.toBe(refused)
    expect(a.flights).toEqual([])
  })

  it('one that cannot be written for a later target passes it over and keeps the record of what was spent', async () => {
    const [a, b, c] = [hop('a', status(503)), hop('b', ok), hop('c', ok)]
    const prepare = ({ endpoint }: Target): PreparedRequest => {
      if (endpoint === 'b') throw new AiError('policy_losses_refused')
      return prepared
    }
    expect(outcomes(await run([a, b, c], { prepare }))).toEqual(['a overloaded', 'c answered'])
    const last = await run([hop('a', status(503)), b], { prepare })
    expect(outcomes(last)).toEqual(['a overloaded'])
    expect(errorOf(last).code).toBe('provider_overloaded')
    expect(b.flights).toEqual([])
  })

  it('a fault of ours in writing is never passed over', async () => {
    const prepare = ({ endpoint }: Target): PreparedRequest => {
      if (endpoint === 'b') throw new TypeError('a bug')
      return prepared
    }
    await expect(run([hop('a', status(503)), hop('b', ok), hop('c', ok)], { prepare })).rejects.toThrow('a bug')
  })
})

describe('a client that leaves', () => {
  it('during the back-off sends nothing more', async () => {
    const abort = new AbortController()
    const a = hop('a', (flight) =>
      queueMicrotask(() => {
        abort.abort()
        flight.answer(500, {})
      }),
    )
    const ran = await run([a], {}, abort.signal)
    expect(ran.outcome.kind).toBe('left')
    expect(a.flights).toHaveLength(1)
    expect(a.flights[0]?.isDestroyed).toBe(true)
  })

  it('is recorded as one that left, and costs the provider nothing', async () => {
    const abort = new AbortController()
    const a = hop('a', () => queueMicrotask(() => abort.abort()))
    const ran = await run([a], {}, abort.signal)
    expect(outcomes(ran)).toEqual(['a left'])
    expect(a.keys.states()[0]?.state.kind).toBe('ready')
  })
})

describe('keys that are being read', () => {
  const owned = (pool: { current: KeyPool | undefined }, reading: () => Promise<unknown> | undefined): KeyPool => {
    const keys = new KeyPool([{ name: 'k', secret: new Secret('sk-old') }], {
      onEvent: () => undefined,
      refreshing: reading,
      close: () => undefined,
    })
    pool.current = keys
    return keys
  }
  const withKeys = (one: Hop, keys: KeyPool): Hop => ({
    ...one,
    keys,
    target: { ...one.target, upstream: { ...one.target.upstream, keys } },
  })

  it('are waited for where the last one was refused: the request is not lost', async () => {
    const pool: { current: KeyPool | undefined } = { current: undefined }
    const reading = async (): Promise<void> => {
      await Promise.resolve()
      pool.current?.offer({ name: 'k', secret: new Secret('sk-new') })
    }
    const a = hop('a', inTurn(status(401), ok))
    const ran = await run([withKeys(a, owned(pool, reading))])
    expect(ran.outcome.kind).toBe('whole')
    expect(keysUsed(a)).toEqual(['Bearer sk-old', 'Bearer sk-new'])
  })

  it('are waited for once, and not for ever', async () => {
    const pool: { current: KeyPool | undefined } = { current: undefined }
    let asked = 0
    const a = hop('a', status(401))
    const ran = await run([
      withKeys(
        a,
        owned(pool, () => {
          asked++
          return new Promise(() => undefined)
        }),
      ),
    ])
    expect(errorOf(ran).code).toBe('provider_key_refused')
    expect(ran.clock.slept).toEqual([5_000])
    expect(asked).toBeLessThanOrEqual(2)
  })

  it('are waited for by the first request of all', async () => {
    const keys: KeyPool = new KeyPool([], {
      onEvent: () => undefined,
      refreshing: async () => {
        await Promise.resolve()
        if (keys.size === 0) keys.admit({ name: 'k', secret: new Secret('sk-first') })
      },
      close: () => undefined,
    })
    const a = hop('a', ok)
    expect((await run([withKeys(a, keys)])).outcome.kind).toBe('whole')
    expect(keysUsed(a)).toEqual(['Bearer sk-first'])
  })

  it('a value on trial that is refused sends its request to the one in use', async () => {
    const a = hop('a', inTurn(status(401), ok))
    a.keys.offer({ name: 'k1', secret: new Secret('sk-wrong') })
    expect((await run([a])).outcome.kind).toBe('whole')
    expect(keysUsed(a)).toEqual(['Bearer sk-wrong', 'Bearer sk-a-k1'])
  })

  it('a value that answers takes over', async () => {
    const a = hop('a', ok)
    a.keys.offer({ name: 'k1', secret: new Secret('sk-next') })
    await run([a])
    expect(a.keys.states()).toMatchObject([
      { state: { kind: 'ready' }, fingerprint: new Secret('sk-next').fingerprint },
    ])
  })
})
