// Two requests have one key only where the same tenant asks the same target the same thing.
import fc from 'fast-check'
import { operations } from 'ai-lib/internal/dialects/registry'
import type { OperationId } from 'ai-lib/internal/dialects/dialect'
import { describe, expect, it } from 'vitest'
import { exchangeOf } from '../exchange/exchange.test.kit.ts'
import { readAsked } from '../exchange/dispatch.ts'
import type { Caller, ExchangeHead } from '../exchange/exchange.ts'
import { cacheKeyOf, type KeyRules, tenantOf } from './cache-key.ts'

const rules: KeyRules = { scope: 'team', routeOf: () => 'r', maxRequestBytes: 1_000_000 }

interface Request {
  readonly body: string
  readonly operation?: OperationId
  readonly caller?: Caller
  readonly head?: Partial<ExchangeHead>
  readonly rules?: Partial<KeyRules>
}

function keyOf({ body, operation = 'chat', caller = {}, head = {}, rules: more = {} }: Request): string | undefined {
  const exchange = exchangeOf(head, { operation })
  exchange.caller = caller
  exchange.asked = readAsked(operations[operation], [Buffer.from(body)])
  return cacheKeyOf(exchange, { ...rules, ...more })
}

const body = '{"model":"m","messages":[]}'

it('is SHA-256', () => {
  expect(keyOf({ body })).toMatch(/^[\w-]{43}$/)
  expect(keyOf({ body })).toBe(keyOf({ body }))
})

describe('T11 the tenant', () => {
  const one: Caller = { keyId: 'k1', user: 'u', team: 't' }
  it.each([
    ['key', { keyId: 'k2', user: 'u', team: 't' }, true],
    ['user', { keyId: 'k2', user: 'u', team: 't2' }, false],
    ['user', { keyId: 'k1', user: 'u2', team: 't' }, true],
    ['team', { keyId: 'k2', user: 'u2', team: 't' }, false],
    ['team', { keyId: 'k1', user: 'u', team: 't2' }, true],
    ['team', { keyId: 'k1', user: 'u' }, true],
    ['global', { keyId: 'k2', user: 'u2', team: 't2' }, false],
  ] as const)('scope %s: %j is another one: %s', (scope, other, isOther) => {
    const keys = [one, other].map((caller) => keyOf({ body, caller, rules: { scope } }))
    expect(keys[0] !== keys[1]).toBe(isOther)
  })

  it('names of one kind are none of another: no caller can be named so that it is taken for a team', () => {
    const word = fc.string({ unit: 'binary' })
    const caller = fc.record({ keyId: word, user: word, team: word }, { requiredKeys: [] })
    const scope = fc.constantFrom<KeyRules['scope']>('key', 'user', 'team', 'global')
    fc.assert(
      fc.property(caller, scope, caller, scope, (left, leftScope, right, rightScope) => {
        const tenants = [tenantOf(leftScope, left), tenantOf(rightScope, right)]
        const keys = [
          keyOf({ body, caller: left, rules: { scope: leftScope } }),
          keyOf({ body, caller: right, rules: { scope: rightScope } }),
        ]
        expect(keys[0] === keys[1]).toBe(JSON.stringify(tenants[0]) === JSON.stringify(tenants[1]))
      }),
    )
  })
})

describe('the target and the way there', () => {
  it.each([
    ['another model', { body: '{"model":"m2","messages":[]}' }],
    ['another route', { body, operation: 'completions' as const }],
    ['other targets behind the same names', { body, rules: { routeOf: () => 'r2' } }],
    ['strict about losses', { body, head: { strictLosses: true } }],
    ['another version of the API', { body, head: { forwarded: { 'anthropic-version': '2023-06-01' } } }],
    ['a beta', { body, head: { forwarded: { 'anthropic-beta': 'x' } } }],
    ['a beta of OpenAI', { body, head: { forwarded: { 'openai-beta': 'x' } } }],
  ])('%s is another key', (_, other) => {
    expect(keyOf(other)).not.toBe(keyOf({ body }))
  })

  it.each([
    ['the user agent', { body, head: { forwarded: { 'user-agent': 'x' } } }],
    ['the end user’s name for the log', { body, head: { user: 'x' } }],
    ['the time that it may take', { body, head: { timeoutMs: 5 } }],
    [
      'that it is streamed',
      { body: '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}' },
    ],
  ])('%s is not', (_, other) => {
    expect(keyOf(other)).toBe(keyOf({ body }))
  })
})

/** Parameters of all the dialects, each with values that ask for different things. */
const parameters = {
  messages: fc.array(fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string() })),
  system: fc.oneof(fc.string(), fc.array(fc.record({ type: fc.constant('text'), text: fc.string() }))),
  input: fc.oneof(fc.string(), fc.array(fc.string())),
  prompt: fc.string(),
  instructions: fc.string(),
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  top_p: fc.double({ min: 0, max: 1, noNaN: true }),
  top_k: fc.nat(),
  n: fc.nat(9),
  seed: fc.maxSafeInteger(),
  max_tokens: fc.nat(),
  max_completion_tokens: fc.nat(),
  max_output_tokens: fc.nat(),
  stop: fc.oneof(fc.string(), fc.array(fc.string())),
  stop_sequences: fc.array(fc.string()),
  presence_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
  frequency_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
  logit_bias: fc.dictionary(fc.string(), fc.integer()),
  logprobs: fc.boolean(),
  top_logprobs: fc.nat(20),
  tools: fc.array(fc.record({ name: fc.string(), parameters: fc.dictionary(fc.string(), fc.jsonValue()) })),
  tool_choice: fc.oneof(fc.constantFrom('auto', 'none', 'required'), fc.record({ name: fc.string() })),
  parallel_tool_calls: fc.boolean(),
  response_format: fc.record({ type: fc.string(), json_schema: fc.jsonValue() }),
  text: fc.record({ format: fc.jsonValue() }),
  thinking: fc.record({ type: fc.string(), budget_tokens: fc.nat() }),
  reasoning: fc.record({ effort: fc.string() }),
  reasoning_effort: fc.constantFrom('low', 'medium', 'high'),
  modalities: fc.array(fc.string()),
  audio: fc.record({ voice: fc.string() }),
  metadata: fc.dictionary(fc.string(), fc.string()),
  user: fc.string(),
  service_tier: fc.string(),
  dimensions: fc.nat(),
  encoding_format: fc.constantFrom('float', 'base64'),
  suffix: fc.string(),
  include: fc.array(fc.string()),
  truncation: fc.constantFrom('auto', 'disabled'),
  store: fc.constant(false),
  'a field that nobody knows yet': fc.jsonValue(),
} satisfies Record<string, fc.Arbitrary<unknown>>

describe('T11 every parameter counts', () => {
  it.each(Object.entries(parameters))('%s', (name, values: fc.Arbitrary<unknown>) => {
    const of = (value: unknown): string | undefined => keyOf({ body: JSON.stringify({ model: 'm', [name]: value }) })
    fc.assert(
      fc.property(values, values, (left, right) => {
        expect(of(left) === of(right)).toBe(JSON.stringify(left) === JSON.stringify(right))
        expect(of(left)).not.toBe(keyOf({ body: '{"model":"m"}' }))
      }),
    )
  })

  it('wherever it stands, and whatever stands beside it', () => {
    const request = fc.record(parameters, { requiredKeys: [] })
    fc.assert(
      fc.property(request, request, (left, right) => {
        const keys = [left, right].map((more) => keyOf({ body: JSON.stringify({ model: 'm', ...more }) }))
        const sorted = [left, right].map(sortedText)
        expect(keys[0] === keys[1]).toBe(sorted[0] === sorted[1])
      }),
    )
  })
})

function sortedText(request: object): string {
  return JSON.stringify(Object.entries(request).toSorted(([left], [right]) => (left < right ? -1 : 1)))
}

describe('no key at all', () => {
  it.each([
    ['a stored completion', '{"model":"m","store":true}'],
    ['a background response', '{"model":"m","background":true}'],
    ['what follows a stored response', '{"model":"m","previous_response_id":"resp_1"}'],
    ['a conversation', '{"model":"m","conversation":{"id":"c"}}'],
    ['a container', '{"model":"m","container":"c"}'],
    ['a key twice', '{"model":"m","seed":1,"seed":2}'],
    ['a key twice below', '{"model":"m","messages":[{"role":"user","role":"system"}]}'],
  ])('for %s', (_, text) => {
    expect(keyOf({ body: text })).toBeUndefined()
  })

  it('for a body beyond the bound', () => {
    expect(keyOf({ body, rules: { maxRequestBytes: body.length } })).toBeDefined()
    expect(keyOf({ body, rules: { maxRequestBytes: body.length - 1 } })).toBeUndefined()
  })

  it('but fields that ask for no state are as good as absent ones', () => {
    expect(keyOf({ body: '{"model":"m","store":false,"previous_response_id":null}' })).toBeDefined()
  })
})
