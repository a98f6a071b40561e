import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toolCallId, type Part } from '../../chat/parts.ts'
import type { ChatMessage, ChatRequest } from '../../chat/request.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { Quirks } from '../dialect.ts'
import { readRequest } from './read-request.ts'
import { richForeign, richOpenAi } from './rich-request.test.kit.ts'
import { writeRequest } from './write-request.ts'

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const read = (fields: Record<string, unknown>) =>
  readRequest(bytes({ model: 'm', messages: [{ role: 'user', content: 'x' }], ...fields }))
const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

function write(request: ChatRequest, quirks: Quirks = {}, maxOutputTokens?: number) {
  const target = { model: 'target', quirks, ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }) }
  const written = writeRequest(request, target)
  const body: unknown = JSON.parse(Buffer.from(written.body).toString('utf8'))
  return { body, losses: written.losses }
}

const everything: Quirks = {
  reasoningField: 'reasoning_details',
  cacheControl: true,
  maxTokensField: 'max_completion_tokens',
}

describe('goldens', () => {
  test('a rich OpenAI request in canonical form', async () => {
    await expect(pretty(readRequest(bytes(richOpenAi)))).toMatchFileSnapshot('golden/read-rich.json')
  })

  test('the same written again to a target that can do everything', async () => {
    await expect(pretty(write(readRequest(bytes(richOpenAi)), everything))).toMatchFileSnapshot(
      'golden/write-rich.json',
    )
  })

  test('a foreign request, with its ledger', async () => {
    await expect(pretty(write(richForeign, { maxTokensField: 'max_tokens' }, 8192))).toMatchFileSnapshot(
      'golden/write-foreign.json',
    )
  })

  test('a foreign request to a target that can do little', async () => {
    const little: Quirks = {
      jsonSchema: false,
      parallelToolCalls: false,
      reasoningEffort: false,
      streamUsage: 'always',
      systemRole: 'developer',
      reasoningField: 'reasoning_content',
    }
    await expect(pretty(write(richForeign, little))).toMatchFileSnapshot('golden/write-foreign-little.json')
  })
})

describe('reading', () => {
  test.each([
    [{ messages: undefined }, 'messages', 'caller_missing_field'],
    [{ messages: [] }, 'messages', 'caller_invalid_request'],
    [{ messages: {} }, 'messages', 'caller_invalid_request'],
    [{ messages: ['x'] }, 'messages.0', 'caller_invalid_request'],
    [{ messages: [{ content: 'x' }] }, 'messages.0.role', 'caller_missing_field'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages.0.role', 'caller_invalid_request'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages.0.content', 'caller_invalid_request'],
    [{ messages: [{ role: 'user', content: ['x'] }] }, 'messages.0.content.0', 'caller_invalid_request'],
    [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages.0.content.0.type', 'caller_missing_field'],
    [
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'x' },
              { type: 'image_url', image_url: { url: 7 } },
            ],
          },
        ],
      },
      'messages.0.content.1.image_url.url',
      'caller_invalid_request',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }] },
      'messages.0.content.0.image_url.url',
      'caller_invalid_request',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'file', file: {} }] }] },
      'messages.0.content.0.file',
      'caller_invalid_request',
    ],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages.0.tool_call_id', 'caller_missing_field'],
    [
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: {} } }] }] },
      'messages.0.tool_calls.0.function.arguments',
      'caller_invalid_request',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: { ttl: '2d' } }] }] },
      'messages.0.content.0.cache_control.ttl',
      'caller_invalid_request',
    ],
    [{ tools: [{ type: 'function' }] }, 'tools.0.function', 'caller_missing_field'],
    [
      { tools: [{ type: 'function', function: { name: 'f', parameters: [] } }] },
      'tools.0.function.parameters',
      'caller_invalid_request',
    ],
    [{ tool_choice: 'maybe' }, 'tool_choice', 'caller_invalid_request'],
    [{ stop: ['a', 1] }, 'stop.1', 'caller_invalid_request'],
    [{ max_tokens: 0 }, 'max_tokens', 'caller_invalid_request'],
    [{ max_completion_tokens: 1.5 }, 'max_completion_tokens', 'caller_invalid_request'],
    [{ temperature: '1' }, 'temperature', 'caller_invalid_request'],
    [{ response_format: { type: 'xml' } }, 'response_format.type', 'caller_invalid_request'],
    [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema', 'caller_missing_field'],
    [{ stream: 'true' }, 'stream', 'caller_invalid_request'],
    [{ reasoning: { max_tokens: 'many' } }, 'reasoning.max_tokens', 'caller_invalid_request'],
  ])('%j is refused at %s', (fields, param, code) => {
    const refusal = (() => {
      try {
        read(fields)
      } catch (thrown) {
        return thrown
      }
      return undefined
    })()
    expect(refusal).toBeInstanceOf(AiError)
    expect(refusal).toMatchObject({ code, details: { param } })
  })

  test('null stands for absent, and neutral values are no losses', () => {
    const request = read({
      tools: null,
      stop: null,
      temperature: null,
      n: 1,
      seed: null,
      store: false,
      logprobs: false,
      modalities: ['text'],
    })
    expect(request).toEqual(read({}))
    expect(request.rest).toBeUndefined()
  })

  test('what only OpenAI knows stays together in rest', () => {
    const request = read({
      n: 2,
      logit_bias: { 5: 1 },
      tool_choice: { type: 'allowed_tools', allowed_tools: {} },
      reasoning: { effort: 'low', exclude: true },
    })
    expect(request.reasoning).toEqual({ effort: 'low' })
    expect(JSON.parse(request.rest?.json ?? '')).toEqual({
      n: 2,
      logit_bias: { 5: 1 },
      tool_choice: { type: 'allowed_tools', allowed_tools: {} },
      reasoning: { exclude: true },
    })
  })

  test.each([
    ['data:image/jpeg;base64,QQ==', 'image/jpeg', { kind: 'base64', data: 'QQ==' }],
    ['DATA:IMAGE/PNG;charset=x;BASE64,QQ==', 'image/png', { kind: 'base64', data: 'QQ==' }],
    ['data:image/svg+xml,%3Csvg%2F%3E', 'image/svg+xml', { kind: 'base64', data: 'PHN2Zy8+' }],
    ['HTTPS://a.example/x', 'image/*', { kind: 'url', url: 'HTTPS://a.example/x' }],
  ])('the image %s', (url, mediaType, source) => {
    const request = read({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] })
    expect(request.messages[0]?.parts).toEqual([{ type: 'media', mediaType, source }])
  })

  test('runs of tool messages become one user message, apart from the user message behind', () => {
    const tool = (id: string) => ({ role: 'tool', tool_call_id: id, content: id })
    const request = read({ messages: [tool('a'), tool('b'), { role: 'user', content: 'x' }, tool('c')] })
    expect(request.messages.map((message) => [message.role, message.parts.length])).toEqual([
      ['user', 2],
      ['user', 1],
      ['user', 1],
    ])
  })

  test('a mark on a message stands for its last part, an OpenAI breakpoint is one too', () => {
    const request = read({
      messages: [
        { role: 'system', content: 'x', cache_control: { type: 'ephemeral' } },
        { role: 'user', content: [{ type: 'text', text: 'y', prompt_cache_breakpoint: { mode: 'explicit' } }] },
      ],
    })
    expect(request.messages.map((message) => message.parts)).toEqual([
      [{ type: 'text', text: 'x', cache: {} }],
      [{ type: 'text', text: 'y', cache: {} }],
    ])
  })

  test.each([
    [{ reasoning: { max_tokens: 500 } }, { budgetTokens: 500 }],
    [{ reasoning: { enabled: false } }, { enabled: false }],
    [{ thinking: { type: 'enabled', budget_tokens: 9 } }, { enabled: true, budgetTokens: 9 }],
    [{ thinking: { type: 'disabled' } }, { enabled: false }],
    [{ reasoning_effort: 'minimal' }, { effort: 'minimal' }],
  ])('%j', (fields, reasoning) => {
    expect(read(fields).reasoning).toEqual(reasoning)
  })

  test('__proto__ in a body reaches nothing', () => {
    const body =
      '{"model":"m","messages":[{"role":"user","content":"x"}],"__proto__":{"n":9},"metadata":{"__proto__":{}}}'
    expect(readRequest(Buffer.from(body)).rest).toBeUndefined()
  })
})

describe('writing', () => {
  const plain = read({})

  test('usage is asked for on streams alone, unless the target gives it by itself', () => {
    expect(write({ ...plain, stream: true }).body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(write({ ...plain, stream: true }, { streamUsage: 'never' }).body).not.toHaveProperty('stream_options')
    expect(write(plain).body).toEqual({ model: 'target', messages: [{ role: 'user', content: 'x' }] })
  })

  test.each([
    [{ budgetTokens: 2048 }, 'low'],
    [{ budgetTokens: 2049 }, 'medium'],
    [{ budgetTokens: 8193 }, 'high'],
    [{ effort: 'none', budgetTokens: 5 }, 'none'],
    [{ enabled: false, budgetTokens: 5 }, undefined],
    [{ enabled: true }, undefined],
  ])('reasoning %j is the effort %s', (reasoning, effort) => {
    const { body, losses } = write({ ...plain, reasoning })
    expect(body).toEqual(
      effort === undefined ? write(plain).body : { ...Object(write(plain).body), reasoning_effort: effort },
    )
    expect(losses).toHaveLength(1)
  })

  test('several answers and token probabilities are on the ledger, not upstream', () => {
    const { body, losses } = write(read({ n: 3, logprobs: true, top_logprobs: 2, seed: 1 }))
    expect(body).toEqual({ model: 'target', messages: [{ role: 'user', content: 'x' }], seed: 1 })
    expect(losses.map((loss) => loss.path)).toEqual(['n', 'logprobs', 'top_logprobs'])
  })

  test('a required choice without tools is on the ledger', () => {
    expect(write({ ...plain, toolChoice: { type: 'required' } }).losses).toMatchObject([
      { kind: 'dropped', path: 'tool_choice' },
    ])
  })
})

describe('round trip', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' })
  const cache = fc.constantFrom({}, { cache: {} }, { cache: { ttl: '5m' as const } }, { cache: { ttl: '1h' as const } })
  const textPart = fc.tuple(text, cache).map(([value, mark]): Part => ({ type: 'text', text: value, ...mark }))
  const data = fc.base64String({ minLength: 4 })
  const media = fc.tuple(data, cache, fc.constantFrom('image/png', 'audio/wav', 'audio/mpeg', 'application/pdf')).map(
    ([value, mark, mediaType]): Part => ({
      type: 'media',
      mediaType,
      source: { kind: 'base64', data: value },
      ...(mediaType === 'application/pdf' ? { name: 'a.pdf' } : {}),
      ...mark,
    }),
  )
  const image = fc
    .webUrl()
    .map((url): Part => ({ type: 'media', mediaType: 'image/*', source: { kind: 'url', url }, detail: 'high' }))
  const id = text.map(toolCallId)
  const call = fc.record({ type: fc.constant('tool-call' as const), callId: id, name: text, argsJson: fc.json() })
  const sealed = fc.tuple(text, text).map(
    ([thought, signature]): Part => ({
      type: 'reasoning',
      text: thought,
      seal: { dialect: 'anthropic-messages', json: JSON.stringify({ type: 'thinking', signature }) },
    }),
  )
  const result = fc
    .tuple(id, fc.array(textPart, { minLength: 1, maxLength: 3 }))
    .map(([callId, parts]): Part => ({ type: 'tool-result', callId, parts, isError: false }))
  const message: fc.Arbitrary<ChatMessage> = fc.oneof(
    fc.record({ role: fc.constant('system' as const), parts: fc.array(textPart, { minLength: 1, maxLength: 3 }) }),
    fc.record({
      role: fc.constant('user' as const),
      parts: fc.array(fc.oneof(textPart, media, image), { minLength: 1, maxLength: 4 }),
      name: text,
    }),
    fc
      .tuple(
        fc.array(sealed, { maxLength: 2 }),
        fc.array(textPart, { maxLength: 2 }),
        fc.array(call, { minLength: 1, maxLength: 3 }),
      )
      .map(
        ([thoughts, texts, calls]): ChatMessage => ({ role: 'assistant', parts: [...thoughts, ...texts, ...calls] }),
      ),
  )
  // Tool results stand between other messages, as runs of them merge.
  const messages = fc
    .array(fc.tuple(message, fc.array(result, { maxLength: 3 })), { minLength: 1, maxLength: 5 })
    .map((pairs) =>
      pairs.flatMap(([one, results]): ChatMessage[] =>
        results.length === 0 ? [one] : [one, { role: 'user', parts: results }],
      ),
    )
  const schema = fc.constantFrom({ type: 'object' }, { type: 'object', properties: { a: { enum: [1, null, 'x'] } } })
  const tool = fc.record(
    { type: fc.constant('function' as const), name: text, schema, description: text, strict: fc.boolean() },
    { requiredKeys: ['type', 'name', 'schema'] },
  )
  const request: fc.Arbitrary<ChatRequest> = fc.record(
    {
      model: fc.constant('target'),
      messages,
      tools: fc.array(tool, { minLength: 1, maxLength: 3 }),
      toolChoice: fc.constantFrom({ type: 'auto' as const }, { type: 'none' as const }, { type: 'required' as const }),
      parallelToolCalls: fc.boolean(),
      output: fc.oneof(
        fc.constant({ type: 'json' as const }),
        fc.record({
          type: fc.constant('json-schema' as const),
          name: text,
          schema,
          strict: fc.boolean(),
          description: text,
        }),
      ),
      maxOutputTokens: fc.integer({ min: 1 }),
      temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0),
      topP: fc.double({ min: 0.1, max: 1, noNaN: true }),
      stop: fc.array(text, { maxLength: 4 }),
      reasoning: fc.record({ effort: fc.constantFrom('low', 'high') }),
      user: text,
      serviceTier: text.filter((value) => value !== 'standard_only'),
      stream: fc.constant(true),
      streamUsage: fc.constant(true),
      rest: fc.constant({ dialect: 'openai-chat' as const, json: '{"seed":7}' }),
    },
    { requiredKeys: ['model', 'messages', 'tools', 'stop', 'stream', 'streamUsage'] },
  )

  test('what is written reads back the same, without losses', () => {
    fc.assert(
      fc.property(request, (original) => {
        const { body, losses } = writeRequest(original, { model: 'target', quirks: everything })
        expect(losses).toEqual([])
        expect(readRequest(body)).toEqual(original)
      }),
    )
  })
})
