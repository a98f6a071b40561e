// What is read of a request's head and written into an answer's: nothing doubled, nothing hostile, nothing of anybody else.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { ResponseHeaders } from 'ai-lib/internal/dialects/dialect'
import { chooseLane } from 'ai-lib/internal/lanes/choose-lane'
import { EndpointHealth } from 'ai-lib/internal/attempts/endpoint-health'
import { unweighed } from 'ai-lib/internal/attempts/target'
import { KeyPool } from 'ai-lib/internal/attempts/key-pool'
import { RetryBudget } from 'ai-lib/internal/attempts/retry-budget'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answeredHeaders, lossesHeader, refusedHeaders } from './answer-headers.ts'
import { readClientHeaders } from './client-headers.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { modelBody, modelsBody } from './models.ts'
import { matchRoute, routePaths } from './routes.ts'

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (thrown) {
    return thrown instanceof AiError ? thrown.code : String(thrown)
  }
  return 'passed'
}
const read = (...raw: readonly string[]) => readClientHeaders(raw, 'ai-service/1')

describe('a request head', () => {
  it.each([
    ['Authorization', 'Bearer key', 'key'],
    ['authorization', 'bearer  key ', 'key'],
    ['AUTHORIZATION', 'key', 'key'],
    ['x-api-key', 'key', 'key'],
    ['X-Goog-Api-Key', 'key', 'key'],
    ['api-key', 'key', 'key'],
  ])('%s: %s carries the credential', (name, value, credential) => {
    expect(read(name, value).credential).toBe(credential)
  })

  it('the same key in two headers is one credential; two different ones, or one header twice, are a conflict', () => {
    expect(read('authorization', 'Bearer k', 'x-api-key', 'k').credential).toBe('k')
    for (const raw of [
      ['authorization', 'Bearer a', 'x-api-key', 'b'],
      ['x-api-key', 'a', 'X-API-Key', 'a'],
      ['authorization', 'Bearer a', 'authorization', 'Bearer a'],
      ['authorization', 'Bearer a', 'x-api-key', ''],
    ])
      expect(codeOf(() => read(...raw))).toBe('caller_credential_conflict')
  })

  it.each(['content-type', 'content-length', 'transfer-encoding', 'origin', 'x-ai-timeout-ms', 'x-ai-user'])(
    '%s may come once',
    (name) => {
      expect(codeOf(() => read(name, '1', name.toUpperCase(), '1'))).toBe('caller_malformed_request')
    },
  )

  it('a second host is named as what it is', () => {
    expect(codeOf(() => read('Host', 'a', 'host', 'a'))).toBe('caller_bad_host')
  })

  it('forwards four headers and nothing else, ours appended to the user agent', () => {
    const raw = [
      'Anthropic-Version',
      '1',
      'anthropic-beta',
      'a',
      'anthropic-beta',
      'b',
      'OpenAI-Beta',
      'c',
      'User-Agent',
      'sdk',
    ]
    const strange = [
      'cookie',
      'x',
      'x-forwarded-for',
      'y',
      'authorization',
      'Bearer z',
      '__proto__',
      'p',
      'idempotency-key',
      'i',
    ]
    expect(read(...raw, ...strange).forwarded).toEqual({
      'anthropic-version': '1',
      'anthropic-beta': 'a, b',
      'openai-beta': 'c',
      'user-agent': 'sdk ai-service/1',
    })
    expect(read().forwarded).toEqual({ 'user-agent': 'ai-service/1' })
  })
})

describe('routes', () => {
  it.each(routePaths.filter((path) => !path.includes('{')))('%s is found by its method alone', (path) => {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'get', '']
    const found = methods.filter((method) => matchRoute(method, path).kind === 'found')
    expect([['POST'], ['GET', 'HEAD']]).toContainEqual(found)
    const wrong = matchRoute('DELETE', path)
    expect(wrong).toEqual({ kind: 'wrong-method', allow: found.join(', ') })
  })

  it.each([
    '',
    '/',
    '/v1',
    '/v1/',
    '/v1/chat/completions/',
    '/V1/chat/completions',
    '//v1/messages',
    '/v1/models/',
    '/v1/models/%zz',
    '/health',
    '/metrics',
    '/v1/chat/completions/..',
    '__proto__',
  ])('%j is no route', (path) => {
    expect(matchRoute('POST', path).kind).toBe('none')
    expect(matchRoute('GET', path).kind).toBe('none')
  })

  it('a model name may have slashes, escaped or not', () => {
    for (const path of ['/v1/models/openai/gpt-4o', '/v1/models/openai%2Fgpt-4o'])
      expect(matchRoute('GET', path)).toEqual({ kind: 'found', route: { kind: 'models', id: 'openai/gpt-4o' } })
  })
})

describe('origins', () => {
  const allowed = new Set(['https://app.example'])
  it('are refused unless listed, exactly', () => {
    expect(corsHeaders(undefined, allowed)).toEqual([])
    expect(corsHeaders('https://app.example', allowed)).toContain('https://app.example')
    for (const origin of ['', 'null', '*', 'https://app.example.evil', 'http://app.example', 'https://APP.example'])
      expect(codeOf(() => corsHeaders(origin, allowed))).toBe('policy_origin_refused')
  })

  it('a preflight repeats wanted headers only where they are plain names', () => {
    const of = (wanted: string): readonly string[] =>
      preflightHeaders(read('origin', 'https://app.example', 'access-control-request-headers', wanted), allowed)
    expect(of('authorization, x-api-key')).toContain('authorization, x-api-key')
    for (const hostile of ['a\r\nb: c', 'é', 'x'.repeat(5_000), 'a;b'])
      expect(of(hostile)).not.toContain('access-control-allow-headers')
  })
})

describe('an answer head', () => {
  const identity = { requestId: 'r1', dialect: 'openai-chat' } as const
  const openai = providerSpecs.get('openai')
  const lane = openai && chooseLane('chat', openai)
  if (!openai || lane?.kind !== 'same') throw new Error('openai chats')
  const spec = openai
  const same = lane
  const timeouts = { headMs: 1, firstTokenMs: 1, idleMs: 1, totalMs: 1 }
  const channel = {
    send: () => ({ isSent: true, pause() {}, resume() {}, destroy() {} }),
    close: () => Promise.resolve(),
  }
  const upstream = {
    spec,
    channel,
    basePath: '',
    headers: {},
    keys: new KeyPool([]),
    timeouts,
    retryBudget: new RetryBudget(),
  }

  function written(headers: ResponseHeaders, model = 'm', paths: readonly string[] = []): ReadonlyMap<string, string> {
    const losses = paths.map((path) => ({ kind: 'dropped', path, reason: 'r' }) as const)
    const prepared = { lane: 'pass', body: [], losses, dropsUsage: false, streamUsage: true } as const
    const target = { endpoint: 'openai', upstream, model, lane: same, ...unweighed(new EndpointHealth()) }
    const flat = answeredHeaders(
      { target, prepared, headers, attempts: [], isBodyFree: true },
      identity,
      { upstreamMs: 1, gatewayMs: 1 },
      (text) => text.replaceAll('sk-key', '*'),
    )
    const pairs = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : []))
    return new Map(pairs)
  }

  it('tells limits and the id of the upstream, renamed and scrubbed', () => {
    const head = written({
      'x-ratelimit-remaining-tokens': '5',
      'anthropic-ratelimit-x': '6',
      'x-request-id': 'sk-key',
    })
    expect(head.get('x-ai-upstream-ratelimit-remaining-tokens')).toBe('5')
    expect(head.get('x-ai-upstream-anthropic-ratelimit-x')).toBe('6')
    expect(head.get('x-ai-upstream-request-id')).toBe('*')
    expect(head.get('x-request-id')).toBe('r1')
  })

  it('passes nothing else of an upstream on, and no value that a header may not have', () => {
    const hostile: ResponseHeaders = {
      'set-cookie': ['a=b', 'c=d'],
      server: 'nginx',
      location: 'http://internal',
      'access-control-allow-origin': '*',
      'x-ai-provider': 'somebody',
      'x-ratelimit-a': 'line\r\nset-cookie: x',
      'x-ratelimit-b': ['1', '2'],
      'x-ratelimit-c': 'x'.repeat(513),
      'x-ratelimit-d': 'é',
      'x-ratelimit-e': undefined,
      'request-id': '',
    }
    const head = written(hostile)
    expect([...head.keys()].filter((name) => name.startsWith('x-ai-upstream'))).toEqual([])
    expect(head.get('x-ai-provider')).toBe('openai')
    for (const name of ['set-cookie', 'server', 'location', 'access-control-allow-origin'])
      expect(head.has(name)).toBe(false)
  })

  it('can be written whatever the model, the paths and the upstream say', () => {
    const name = fc.constantFrom('x-request-id', 'x-ratelimit-a', 'request-id')
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.string({ unit: 'binary' })),
        fc.dictionary(name, fc.string()),
        (model, paths, headers) => {
          for (const value of written(headers, model, paths).values()) expect(value).toMatch(/^[\x20-\x7e]*$/)
        },
      ),
    )
  })

  it("tells our id in the header that Anthropic's SDKs read, too", () => {
    const theirs = { requestId: 'r1', dialect: 'anthropic-messages' } as const
    expect(refusedHeaders(new AiError('caller_left'), theirs)).toEqual(['x-request-id', 'r1', 'request-id', 'r1'])
  })

  it('says at most 1 KB about losses', () => {
    const losses = Array.from(
      { length: 500 },
      (_, index) => ({ kind: 'dropped', path: `messages.${index}.x`, reason: '' }) as const,
    )
    expect(lossesHeader(losses).length).toBe(1_024)
    expect(lossesHeader(losses)).toMatch(/^500; messages\.0\.x,/)
  })

  it('of a refusal rounds the wait up, and keeps SDKs from repeating what was repeated', () => {
    const error = new AiError('provider_rate_limited', { retryAfterMs: 1_001, exhausted: true })
    expect(refusedHeaders(error, identity)).toEqual(
      'x-request-id r1 retry-after 2 retry-after-ms 1001 x-should-retry false'.split(' '),
    )
    expect(refusedHeaders(new AiError('caller_left'), identity)).toEqual(['x-request-id', 'r1'])
  })
})

describe('the list of models', () => {
  const models = ['secret-project', 'a', 'b', 'other-tenant'].map((id) => ({ id, provider: 'p' }))
  const caller = { models: new Set(['a', 'b']) }

  it.each(['openai', 'anthropic'] as const)('names in the form of %s only what this caller may use', (form) => {
    const body = modelsBody(models, caller, form)
    expect(JSON.parse(body)).toMatchObject({ data: [{ id: 'a' }, { id: 'b' }] })
    expect(body).not.toMatch(/secret-project|other-tenant/)
    expect(modelBody(models, 'secret-project', caller, form)).toBeUndefined()
    expect(modelBody(models, 'a', caller, form)).toContain('"a"')
  })

  it("gives Anthropic's cursors of what is listed", () => {
    expect(JSON.parse(modelsBody(models, caller, 'anthropic'))).toMatchObject({
      first_id: 'a',
      last_id: 'b',
      has_more: false,
    })
    expect(JSON.parse(modelsBody([], caller, 'anthropic'))).toMatchObject({ first_id: null, last_id: null })
  })
})
