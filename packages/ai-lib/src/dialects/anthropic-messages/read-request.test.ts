// Requests of clients: what they become, and how wrong ones are refused.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AiError } from '../../errors/ai-error.ts'
import { readRequest } from './read-request.ts'

const golden = join(import.meta.dirname, 'golden')

function read(request: unknown) {
  return readRequest(Buffer.from(JSON.stringify(request)))
}

const least = { model: 'claude', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }

function refusal(request: unknown): readonly [string, string | undefined, string] {
  try {
    read(request)
  } catch (error) {
    if (error instanceof AiError) return [error.code, error.details.param, error.message]
  }
  return ['accepted', undefined, '']
}

function withBlock(block: unknown) {
  return { ...least, messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, block] }] }
}

describe('readRequest', () => {
  it('reads a request with everything in it as its golden says', () => {
    const request = readRequest(readFileSync(join(golden, 'client-request.json')))
    expect(request).toEqual(JSON.parse(readFileSync(join(golden, 'canonical-request.json'), 'utf8')))
  })

  it('keeps tool arguments as the client wrote them', () => {
    const body = `{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[
      {"type":"text","text":"a \\"quoted\\" \\\\"},
      {"type":"tool_use","id":"t","name":"n","inp\\u0075t":{"b": 1.50, "a":[ 9007199254740993 ]}}]}]}`
    expect(readRequest(Buffer.from(body)).messages[0]?.parts[1]).toMatchObject({
      argsJson: '{"b": 1.50, "a":[ 9007199254740993 ]}',
    })
  })

  it('keeps blocks that only this dialect knows, whole and on one line', () => {
    const body = `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"new_block",
      "big": 12345678901234567890, "text": "a b"}]}]}`
    expect(readRequest(Buffer.from(body)).messages[0]?.parts).toEqual([
      {
        type: 'opaque',
        opaque: {
          dialect: 'anthropic-messages',
          json: '{"type":"new_block","big":12345678901234567890,"text":"a b"}',
        },
      },
    ])
  })

  it('reads thinking settings of each kind', () => {
    expect(read({ ...least, thinking: { type: 'adaptive' } }).reasoning).toEqual({ enabled: true })
    expect(read({ ...least, thinking: { type: 'disabled' } }).reasoning).toEqual({ enabled: false })
    expect(read({ ...least, output_config: { effort: 'max' } }).reasoning).toEqual({ effort: 'max' })
    const newer = read({ ...least, thinking: { type: 'between_tools' } })
    expect(newer.reasoning).toBeUndefined()
    expect(newer.rest?.json).toBe('{"thinking":{"type":"between_tools"}}')
  })

  it('reads the older name of the output format', () => {
    expect(read({ ...least, output_format: { type: 'json_schema', schema: { type: 'object' } } }).output).toEqual({
      type: 'json-schema',
      name: 'output',
      schema: { type: 'object' },
    })
  })

  it('takes null for absent', () => {
    const request = read({ ...least, system: null, tools: null, thinking: null, stream: null, metadata: null })
    expect(request).toEqual(read(least))
  })

  it.each([
    ['model', { ...least, model: undefined }],
    ['max_tokens', { ...least, max_tokens: undefined }],
    ['messages', { ...least, messages: undefined }],
    ['messages.0.content', { ...least, messages: [{ role: 'user' }] }],
    ['messages.0.content.1.text', withBlock({ type: 'text' })],
    ['messages.0.content.1.source', withBlock({ type: 'image' })],
    ['messages.0.content.1.input', withBlock({ type: 'tool_use', id: 'a', name: 'b' })],
    ['tools.0.input_schema', { ...least, tools: [{ name: 'a' }] }],
    ['thinking.budget_tokens', { ...least, thinking: { type: 'enabled' } }],
  ])('names %s as missing', (param, request) => {
    expect(refusal(request)).toEqual(['caller_missing_field', param, expect.stringContaining(`"${param}" is required`)])
  })

  it.each([
    ['max_tokens', { ...least, max_tokens: '10' }],
    ['max_tokens', { ...least, max_tokens: -1 }],
    ['temperature', { ...least, temperature: 'hot' }],
    ['system', { ...least, system: 5 }],
    ['system.0.text', { ...least, system: [{ type: 'text', text: 7 }] }],
    ['messages', { ...least, messages: {} }],
    ['messages.0', { ...least, messages: ['hi'] }],
    ['messages.0.role', { ...least, messages: [{ role: 'tool', content: 'x' }] }],
    ['messages.0.content', { ...least, messages: [{ role: 'user', content: 1 }] }],
    ['messages.0.content.1', withBlock(null)],
    ['messages.0.content.1.source.type', withBlock({ type: 'image', source: { type: 'ftp' } })],
    ['messages.0.content.1.source.data', withBlock({ type: 'image', source: { type: 'base64', data: 1 } })],
    [
      'messages.0.content.1.cache_control.ttl',
      withBlock({ type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '9m' } }),
    ],
    ['messages.0.content.1.is_error', withBlock({ type: 'tool_result', tool_use_id: 'a', is_error: 'yes' })],
    [
      'messages.0.content.1.content.0.text',
      withBlock({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 1 }] }),
    ],
    ['messages.0.content.1.input', withBlock({ type: 'tool_use', id: 'a', name: 'b', input: '{}' })],
    ['tool_choice.type', { ...least, tool_choice: { type: 'some' } }],
    ['output_config.format.type', { ...least, output_config: { format: { type: 'json' } } }],
    ['stop_sequences.0', { ...least, stop_sequences: [1] }],
    ['stream', { ...least, stream: 'yes' }],
  ])('refuses %s of the wrong form', (param, request) => {
    expect(refusal(request)).toEqual(['caller_invalid_request', param, expect.stringContaining(`"${param}" must be`)])
  })
})
