// What the tap makes of each frame.
import { describe, expect, it } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import { namedEvent } from '../../bytes/sse-encoder.ts'
import type { FrameKind } from '../dialect.ts'
import { createTap } from './tap.ts'

type Frame = Readonly<Record<string, unknown>> & { readonly type: string }

const start = {
  type: 'message_start',
  message: { content: [], usage: { input_tokens: 7, cache_read_input_tokens: 3 } },
}
const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } }
const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }

function watch(frames: readonly Frame[], isNamed = true) {
  const tap = createTap()
  const kinds: FrameKind[] = []
  const text = frames.map((frame) => {
    const json = JSON.stringify(frame)
    return isNamed ? namedEvent(frame.type, json) : `data: ${json}\n\n`
  })
  new SseDecoder().push(Buffer.from(text.join('')), (event) => kinds.push(tap.inspect(event)))
  return { kinds, tap }
}

function blockStart(block: object) {
  return { type: 'content_block_start', index: 0, content_block: block }
}

describe('the tap', () => {
  it.each<[FrameKind, Frame]>([
    ['quiet', { type: 'ping' }],
    ['quiet', blockStart({ type: 'text', text: '' })],
    ['quiet', blockStart({ type: 'thinking', thinking: '', signature: '' })],
    ['content', blockStart({ type: 'text', text: 'a' })],
    ['content', blockStart({ type: 'tool_use', id: 'a', name: 'b', input: {} })],
    ['content', blockStart({ type: 'server_tool_use', id: 'a', name: 'b', input: {} })],
    ['content', blockStart({ type: 'redacted_thinking', data: 'a' })],
    ['content', blockStart({ type: 'web_search_tool_result', content: [] })],
    ['content', delta],
    ['quiet', { ...delta, delta: { type: 'text_delta', text: '' } }],
    ['content', { ...delta, delta: { type: 'citations_delta', citation: { type: 'char_location' } } }],
    ['quiet', { type: 'content_block_stop' }],
    ['quiet', { type: 'message_delta' }],
    ['terminal', { type: 'message_stop' }],
    ['failure', overloaded],
    ['quiet', { type: 'something_new' }],
  ])('says %s of %j', (kind, frame) => {
    expect(watch([start, frame]).kinds).toEqual(['quiet', kind])
    expect(watch([start, frame], false).kinds).toEqual(['quiet', kind])
  })

  it('says content of a message that brings its content along', () => {
    const message = { content: [{ type: 'tool_use' }], usage: {} }
    expect(watch([{ type: 'message_start', message }]).kinds).toEqual(['content'])
  })

  it('merges usage: the last figures win', () => {
    const { tap } = watch([
      start,
      { type: 'message_delta', usage: { input_tokens: 0, output_tokens: 5 } },
      {
        type: 'message_delta',
        usage: { input_tokens: 9, output_tokens: 20, output_tokens_details: { thinking_tokens: 12 } },
      },
    ])
    expect(tap.usage).toMatchObject({ inputTokens: 9, cacheReadTokens: 3, outputTokens: 8, reasoningTokens: 12 })
  })

  it('keeps the input of message_start where the last figures say zero', () => {
    const { tap } = watch([start, { type: 'message_delta', usage: { input_tokens: 0, output_tokens: 5 } }])
    expect(tap.usage).toMatchObject({ inputTokens: 7, cacheReadTokens: 3, outputTokens: 5 })
  })

  it('reports no usage where none was told', () => {
    expect(watch([{ type: 'ping' }, delta]).tap.usage).toBeUndefined()
  })

  it('tells failures before the first content from those after it', () => {
    expect(watch([start, overloaded]).tap.failure).toEqual({
      phase: 'first-event',
      code: 'overloaded',
      charged: 'no',
      message: 'Overloaded',
      providerCode: 'overloaded_error',
    })
    expect(watch([start, delta, overloaded]).tap.failure).toMatchObject({ phase: 'mid-stream', charged: 'unknown' })
  })

  it('fails on frames that are no events of this dialect', () => {
    const { kinds, tap } = watch([{ type: 'message_start' }])
    expect([kinds, tap.failure]).toEqual([['quiet'], undefined])
    const foreign = createTap()
    const seen: FrameKind[] = []
    new SseDecoder().push(Buffer.from('data: <html>\n\n: comment\n\ndata: {"error":{"message":"x"}}\n\n'), (event) =>
      seen.push(foreign.inspect(event)),
    )
    expect(seen).toEqual(['failure', 'quiet', 'failure'])
    expect(foreign.failure).toMatchObject({ code: 'failed', message: 'x' })
  })
})

it('keeps what the answer says of itself', () => {
  const begun = { type: 'message_start', message: { id: 'msg_1', model: 'claude', content: [] } }
  const { tap } = watch([begun, delta, { type: 'message_delta', delta: { stop_reason: 'end_turn' } }])
  expect(tap.facts).toEqual({ id: 'msg_1', model: 'claude', stops: ['end_turn'] })
  expect(watch([start]).tap.facts).toEqual({ id: undefined, model: undefined, stops: [] })
})
