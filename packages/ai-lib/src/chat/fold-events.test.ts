// Folding an answer's events gives one whole message, or says why there is none.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ChatEvent, isContent } from './events.ts'
import { foldEvents, type WholeMessage } from './fold-events.ts'
import { toolCallId } from './parts.ts'
import { noUsage } from './usage.ts'

const start: ChatEvent = { type: 'message-start', id: 'm1', model: 'm', created: 7 }
const end: ChatEvent = { type: 'message-end', stop: 'end', rawStop: 'stop' }
const text = (index: number): ChatEvent => ({ type: 'part-start', index, head: { type: 'text' } })
const call = (index: number, name: string): ChatEvent => ({
  type: 'part-start',
  index,
  head: { type: 'tool-call', callId: toolCallId(`call_${name}`), name },
})
const delta = (index: number, piece: string): ChatEvent => ({ type: 'part-delta', index, text: piece })
const seal = { dialect: 'anthropic-messages', json: '{"signature":"s"}' } as const

function whole(events: readonly ChatEvent[]): WholeMessage {
  const folded = foldEvents(events)
  if (folded.kind === 'whole') return folded.message
  throw new Error(`failed: ${folded.failure.code}`)
}

describe('a whole answer', () => {
  test('has its parts in the order they began, and the last usage', () => {
    const usage = { ...noUsage, inputTokens: 3 }
    const message = whole([
      start,
      { type: 'part-start', index: 0, head: { type: 'reasoning' } },
      delta(0, 'hm'),
      { type: 'part-end', index: 0, seal },
      { type: 'usage', usage: noUsage },
      text(1),
      delta(1, 'a'),
      delta(1, 'b'),
      { type: 'citation', index: 1, citation: { url: 'https://example.org' } },
      { type: 'part-end', index: 1 },
      { type: 'opaque', opaque: seal },
      { type: 'part-start', index: 2, head: { type: 'refusal' } },
      delta(2, 'no'),
      { type: 'usage', usage },
      { type: 'message-end', stop: 'stop-sequence', rawStop: 'stop_sequence', stopSequence: 'END' },
    ])
    expect(message).toEqual({
      id: 'm1',
      model: 'm',
      created: 7,
      parts: [
        { type: 'reasoning', text: 'hm', seal },
        { type: 'text', text: 'ab', citations: [{ url: 'https://example.org' }] },
        { type: 'opaque', opaque: seal },
        { type: 'refusal', text: 'no' },
      ],
      usage,
      isUsageReported: true,
      stop: 'stop-sequence',
      rawStop: 'stop_sequence',
      stopSequence: 'END',
    })
  })

  test('keeps tool arguments as the raw text they came as', () => {
    const message = whole([start, call(0, 'f'), delta(0, '{"a": 1'), delta(0, '.0}'), end])
    expect(message.parts).toEqual([{ type: 'tool-call', callId: 'call_f', name: 'f', argsJson: '{"a": 1.0}' }])
  })

  test('keeps parallel calls apart however their deltas interleave', () => {
    const pieces = fc.array(fc.tuple(fc.nat(2), fc.string({ maxLength: 3 })))
    fc.assert(
      fc.property(pieces, (deltas) => {
        const message = whole([
          start,
          call(0, 'a'),
          call(1, 'b'),
          call(2, 'c'),
          ...deltas.map(([index, piece]) => delta(index, piece)),
          end,
        ])
        const expected = [0, 1, 2].map((index) =>
          deltas
            .filter(([of]) => of === index)
            .map(([, piece]) => piece)
            .join(''),
        )
        expect(message.parts.map((part) => (part.type === 'tool-call' ? part.argsJson : ''))).toEqual(expected)
      }),
    )
  })

  test('without usage says that none was reported', () => {
    expect(whole([start, end])).toMatchObject({ usage: noUsage, isUsageReported: false, parts: [] })
  })

  test('takes the first message-start, lives without one, and skips deltas of parts that never began', () => {
    const second: ChatEvent = { type: 'message-start', id: 'm2', model: 'n' }
    expect(whole([start, second, delta(9, 'x'), { type: 'part-end', index: 9 }, end])).toMatchObject({
      id: 'm1',
      parts: [],
    })
    expect(whole([end])).toMatchObject({ id: '', model: '' })
  })
})

describe('no answer', () => {
  const events = [start, text(0), delta(0, 'a'), delta(0, 'b'), { type: 'part-end', index: 0 } as const, end]

  test('cut before its end at any event it is truncated, never whole', () => {
    for (let cut = 0; cut < events.length; cut++)
      expect(foldEvents(events.slice(0, cut))).toMatchObject({ kind: 'failed', failure: { code: 'truncated' } })
    expect(foldEvents(events).kind).toBe('whole')
  })

  test('a failure anywhere wins, even after an end', () => {
    const failure = { phase: 'mid-stream', code: 'overloaded', charged: 'unknown' } as const
    for (let at = 0; at <= events.length; at++)
      expect(foldEvents(events.toSpliced(at, 0, { type: 'failure', failure }))).toEqual({ kind: 'failed', failure })
  })
})

test('content is what a client would miss after a retry', () => {
  const contents: readonly ChatEvent[] = [
    delta(0, 'a'),
    call(0, 'f'),
    { type: 'opaque', opaque: seal },
    { type: 'citation', index: 0, citation: {} },
    { type: 'part-end', index: 0, seal },
  ]
  const others: readonly ChatEvent[] = [
    start,
    end,
    text(0),
    delta(0, ''),
    { type: 'part-end', index: 0 },
    { type: 'usage', usage: noUsage },
  ]
  expect(contents.map((event) => isContent(event))).toEqual(contents.map(() => true))
  expect(others.map((event) => isContent(event))).toEqual(others.map(() => false))
})
