import { expect, test } from 'vitest'
import { spliceBytes } from '../../bytes/json-splice.ts'
import { AiError } from '../../errors/ai-error.ts'
import { peekStreaming, peekUnary } from './peek.ts'

function spliced(json: string): string {
  const body = Buffer.from(json)
  const { usageEdit } = peekStreaming(body)
  return usageEdit === undefined ? json : spliceBytes(body, [usageEdit]).toString('utf8')
}

function refusal(json: string, peek = peekStreaming): Pick<AiError, 'code'> & { param: string | undefined } {
  try {
    peek(Buffer.from(json))
  } catch (thrown) {
    if (thrown instanceof AiError) return { code: thrown.code, param: thrown.details.param }
    throw thrown
  }
  throw new Error('It was not refused.')
}

test('model, its span and the stream flag are read from the bytes', () => {
  const body = Buffer.from('{"messages":[{"content":"ä"}], "model" : "gpt-\\u0034" ,"stream":true}')
  const head = peekStreaming(body)
  expect(head).toMatchObject({ model: 'gpt-4', stream: true })
  expect(body.toString('utf8', head.modelSpan.start, head.modelSpan.end)).toBe('"gpt-\\u0034"')
})

test.each(['{"model":"m"}', '{"model":"m","stream":false}', '{"model":"m","stream":null}'])(
  '%s does not stream',
  (json) => {
    expect(peekStreaming(Buffer.from(json))).toMatchObject({ stream: false })
    expect(spliced(json)).toBe(json)
  },
)

test.each([
  ['{"model":"m","stream":true }', '{"model":"m","stream":true ,"stream_options":{"include_usage":true}}'],
  [
    '{"stream_options":null,"model":"m","stream":true}',
    '{"stream_options":{"include_usage":true},"model":"m","stream":true}',
  ],
  [
    '{"model":"m","stream":true,"stream_options":{}}',
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  ],
  [
    '{"model":"m","stream":true,"stream_options":{"include_obfuscation":false }}',
    '{"model":"m","stream":true,"stream_options":{"include_obfuscation":false ,"include_usage":true}}',
  ],
  [
    '{"model":"m","stream":true,"stream_options":{"include_usage": false}}',
    '{"model":"m","stream":true,"stream_options":{"include_usage": true}}',
  ],
  [
    '{"model":"m","stream":true,"stream_options":{"include_usage":null}}',
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  ],
])('%s is edited to ask for usage', (json, expected) => {
  expect(spliced(json)).toBe(expected)
})

test('a stream whose client asks for usage is not edited', () => {
  const json = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'
  expect(peekStreaming(Buffer.from(json)).usageEdit).toBeUndefined()
})

test.each([
  ['{"stream":true}', 'caller_missing_field', 'model'],
  ['{"model":""}', 'caller_invalid_request', 'model'],
  ['{"model":7}', 'caller_invalid_request', 'model'],
  ['{"model":"m","stream":"yes"}', 'caller_invalid_request', 'stream'],
  ['{"model":"m","stream":1}', 'caller_invalid_request', 'stream'],
  ['{"model":"m","model":"n"}', 'caller_ambiguous_key', 'model'],
  ['{"model":"m","mod\\u0065l":"n"}', 'caller_ambiguous_key', 'model'],
  ['{"model":"m","stream":true,"stream":false}', 'caller_ambiguous_key', 'stream'],
  ['{"model":"m","stream":true,"stream_options":[]}', 'caller_invalid_request', 'stream_options'],
  [
    '{"model":"m","stream":true,"stream_options":{"include_usage":1}}',
    'caller_invalid_request',
    'stream_options.include_usage',
  ],
  [
    '{"model":"m","stream":true,"stream_options":{"include_usage":false,"include_us\\u0061ge":true}}',
    'caller_ambiguous_key',
    'include_usage',
  ],
  ['["model"]', 'caller_invalid_json', undefined],
  ['{"model":"m"', 'caller_invalid_json', undefined],
  ['', 'caller_invalid_json', undefined],
])('%s is refused', (json, code, param) => {
  expect(refusal(json)).toEqual({ code, param })
})

test('requests that never stream need only a model', () => {
  expect(peekUnary(Buffer.from('{"input":"x","model":"m","stream":7}'))).toMatchObject({ model: 'm', stream: false })
  expect(refusal('{"input":"x"}', peekUnary).code).toBe('caller_missing_field')
})
