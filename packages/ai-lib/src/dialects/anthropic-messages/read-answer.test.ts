// Answers as events: what the protocol allows, and what ends in a failure.
import { describe, expect, it } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { createReader } from './read-answer.ts'

const start = { type: 'message_start', message: { id: 'msg_1', model: 'c', content: [] } }
const textStart = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
const stop = { type: 'content_block_stop', index: 0 }
const end = { type: 'message_stop' }

function delta(told: object) {
  return { type: 'content_block_delta', index: 0, delta: told }
}

function blockStart(block: object) {
  return { type: 'content_block_start', index: 0, content_block: block }
}

const hello = delta({ type: 'text_delta', text: 'Hello' })

function readText(text: string): readonly ChatEvent[] {
  const reader = createReader()
  const events: ChatEvent[] = []
  new SseDecoder().push(Buffer.from(text), (event) => events.push(...reader.readEvent(event)))
  return [...events, ...reader.end(), ...reader.end()]
}

function read(...frames: readonly object[]): readonly ChatEvent[] {
  return readText(frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(''))
}

function failures(events: readonly ChatEvent[]) {
  return events.flatMap((event) => (event.type === 'failure' ? [event.failure] : []))
}

describe('the reader', () => {
  it.each([
    ['a second message_start', [start, start], 'first-event'],
    ['a second message_start after content', [start, textStart, hello, start], 'mid-stream'],
    ['a delta before message_start', [hello], 'first-event'],
    ['a delta of a block that never began', [start, hello], 'first-event'],
    ['a delta of a block that ended', [start, textStart, stop, hello], 'first-event'],
    [
      'a delta that does not fit its block',
      [start, textStart, delta({ type: 'input_json_delta', partial_json: '{' })],
      'first-event',
    ],
    ['a stop of a block that never began', [start, stop], 'first-event'],
    ['a block that began twice', [start, textStart, textStart], 'first-event'],
    ['a block without a body', [start, { type: 'content_block_start', index: 0 }], 'first-event'],
  ])('answers %s with a failure, once, and nothing after it', (_name, frames, phase) => {
    const events = read(...frames, textStart, end)
    expect(failures(events)).toMatchObject([{ code: 'invalid-response', phase }])
    expect(events.at(-1)?.type).toBe('failure')
  })

  it('tells an error event as the failure that it is', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    expect(failures(read(start, error, end))).toMatchObject([
      { code: 'overloaded', phase: 'first-event', charged: 'no' },
    ])
    expect(failures(read(start, textStart, hello, error))).toMatchObject([{ code: 'overloaded', phase: 'mid-stream' }])
  })

  it('takes an end without message_stop for truncation', () => {
    const delivered = { type: 'message_delta', delta: { stop_reason: 'end_turn' } }
    expect(failures(read(start, textStart, hello, stop, delivered))).toEqual([
      { phase: 'mid-stream', code: 'truncated', charged: 'unknown' },
    ])
    expect(failures(readText(''))).toMatchObject([{ phase: 'first-event', code: 'truncated' }])
  })

  it('skips pings, comments and events that it does not know', () => {
    const events = readText(
      `: hi\n\ndata: ${JSON.stringify(start)}\n\ndata: {"type":"ping"}\n\ndata: {"type":"new"}\n\n`,
    )
    expect(events.map(({ type }) => type)).toEqual(['message-start', 'failure'])
    expect(failures(readText('data: <html>\n\n'))).toMatchObject([{ code: 'invalid-response' }])
  })

  it('says nothing after the end', () => {
    expect(read(start, end, hello, start).map(({ type }) => type)).toEqual(['message-start', 'message-end'])
  })

  it('seals signatures and redacted thoughts', () => {
    const events = read(
      start,
      blockStart({ type: 'thinking', thinking: '', signature: '' }),
      delta({ type: 'thinking_delta', thinking: 'Hm' }),
      delta({ type: 'signature_delta', signature: 's' }),
      stop,
      blockStart({ type: 'redacted_thinking', data: 'd' }),
      stop,
      end,
    )
    expect(events.filter(({ type }) => type === 'part-end')).toEqual([
      {
        type: 'part-end',
        index: 0,
        seal: { dialect: 'anthropic-messages', json: '{"type":"thinking","signature":"s"}' },
      },
      {
        type: 'part-end',
        index: 1,
        seal: { dialect: 'anthropic-messages', json: '{"type":"redacted_thinking","data":"d"}' },
      },
    ])
  })

  it('hands on blocks that only this dialect knows, with the input that was streamed', () => {
    const [, opaque] = read(
      start,
      blockStart({ type: 'server_tool_use', id: 'a', name: 'b', input: {} }),
      delta({ type: 'input_json_delta', partial_json: '{"n": 1' }),
      delta({ type: 'input_json_delta', partial_json: '2345678901234567890}' }),
      stop,
      end,
    )
    expect(opaque).toEqual({
      type: 'opaque',
      opaque: {
        dialect: 'anthropic-messages',
        json: '{"type":"server_tool_use","id":"a","name":"b","input":{"n":12345678901234567890}}',
      },
    })
  })

  it.each([
    ['end_turn', 'end'],
    ['max_tokens', 'max-tokens'],
    ['stop_sequence', 'stop-sequence'],
    ['tool_use', 'tool-calls'],
    ['pause_turn', 'pause'],
    ['refusal', 'refusal'],
    ['model_context_window_exceeded', 'context-full'],
    ['something_new', 'other'],
  ])('reads the stop reason %s as %s', (raw, canonical) => {
    const told = { type: 'message_delta', delta: { stop_reason: raw, stop_sequence: 'X' }, usage: { output_tokens: 3 } }
    expect(read(start, told, end).at(-1)).toEqual({
      type: 'message-end',
      stop: canonical,
      rawStop: raw,
      stopSequence: 'X',
    })
  })
})

describe('whole answers', () => {
  it.each(['', '[]', '{}', '<html>', '{"type":"message"}', '{"type":"message","content":["a"]}'])(
    'end %j in a failure',
    (body) => {
      const events = createReader().readWhole(Buffer.from(body))
      expect(failures(events)).toMatchObject([{ code: 'invalid-response', phase: 'first-event' }])
      expect(events.at(-1)?.type).toBe('failure')
    },
  )

  it('keep tool arguments as they were written', () => {
    const body = '{"content":[{"type":"tool_use","id":"a","name":"b","input":{"x": 1.0, "y":[ 9007199254740993 ]}}]}'
    expect(createReader().readWhole(Buffer.from(body))).toContainEqual({
      type: 'part-delta',
      index: 0,
      text: '{"x": 1.0, "y":[ 9007199254740993 ]}',
    })
  })

  it('tell an error for what it is', () => {
    const body = '{"type":"error","error":{"type":"api_error","message":"x"}}'
    expect(failures(createReader().readWhole(Buffer.from(body)))).toMatchObject([{ code: 'failed', message: 'x' }])
  })
})
