// Whatever comes, from callers or providers: an AiError, a failure, or an answer; never another throw.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AiError } from '../../errors/ai-error.ts'
import { openaiChat } from './openai-chat.ts'
import { eventsOf, readStream, stream } from './streams.test.kit.ts'

const keys = [
  'id model choices delta message content tool_calls function name arguments index finish_reason usage prompt_tokens',
  'prompt_tokens_details error code type text refusal reasoning_details signature data annotations url_citation url',
  'citations search_results messages role tools tool_choice stop image_url file file_data stream_options thinking',
  'cache_control response_format json_schema reasoning tool_call_id constructor toString detail',
].flatMap((names) => names.split(' '))
const words = [
  '',
  'x',
  'user',
  'assistant',
  'tool',
  'system',
  'function',
  'text',
  'image_url',
  'error',
  'stop',
  'data:,%',
  'custom',
]

// Trees of the names that matter, with values of any type below them.
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, depthSize: 'large' },
    fc.oneof(fc.constantFrom(...words), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 6 }),
  ),
}))
const object = fc.dictionary(fc.constantFrom(...keys), tree, { maxKeys: 8 })
const runs = { numRuns: 300 }

function refusalOf(act: () => unknown): unknown {
  try {
    act()
  } catch (thrown) {
    return thrown
  }
  return undefined
}

describe('hostile input', () => {
  test('requests are read or refused', () => {
    const request = fc.tuple(
      object,
      fc.array(fc.tuple(fc.constantFrom('user', 'assistant', 'tool', 'system'), object), { maxLength: 3 }),
    )
    fc.assert(
      fc.property(request, ([fields, messages]) => {
        const body = { ...fields, model: 'm', messages: messages.map(([role, message]) => ({ ...message, role })) }
        const refusal = refusalOf(() => {
          const read = openaiChat.readRequest(Buffer.from(JSON.stringify(body)))
          openaiChat.writeRequest(read, { model: 'm', quirks: { reasoningField: 'reasoning_details' } })
        })
        expect(refusal === undefined || (refusal instanceof AiError && refusal.code.startsWith('caller_'))).toBe(true)
      }),
      runs,
    )
  })

  test('streams end in one message-end or one failure, and are written without a throw', () => {
    fc.assert(
      fc.property(fc.array(object, { maxLength: 4 }), fc.array(object, { maxLength: 3 }), (frames, deltas) => {
        const chunks = deltas.map((delta) => ({ id: 'c', choices: [{ delta, finish_reason: 'stop' }] }))
        const bytes = stream(...frames, ...chunks)
        const events = readStream(bytes)
        const ends = events.filter((event) => event.type === 'message-end' || event.type === 'failure')
        expect(ends).toEqual([events.at(-1)])
        openaiChat.createWriter({ streamUsage: true, createdSeconds: 1 }).writeEvents(events)
        const tap = openaiChat.createTap()
        for (const event of eventsOf(bytes)) tap.inspect(event)
      }),
      runs,
    )
  })

  test('whole answers and errors are read or blamed on the provider', () => {
    fc.assert(
      fc.property(object, fc.integer({ min: 400, max: 599 }), (answer, status) => {
        const body = Buffer.from(JSON.stringify(answer))
        expect(openaiChat.createReader().readWhole(body).at(-1)?.type).toMatch(/^(message-end|failure)$/)
        expect(openaiChat.readFailure(status, body).status).toBe(status)
        openaiChat.readWhole(body)
      }),
      runs,
    )
  })
})
