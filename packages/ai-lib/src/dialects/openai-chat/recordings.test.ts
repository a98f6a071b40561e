// Every recording through tap and reader: whole, byte by byte, and cut at every offset.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { foldEvents } from '../../chat/fold-events.ts'
import type { Part } from '../../chat/parts.ts'
import type { Wire } from '../dialect.ts'
import { openaiCompletions } from './completions.ts'
import { openaiEmbeddings } from './embeddings.ts'
import { openaiChat } from './openai-chat.ts'
import { createReader } from './read-answer.ts'
import { chatBodies, chatStreams, completionStreams, eventsOf, otherBodies, readStream } from './recordings.test.kit.ts'

function brief(part: Part): unknown {
  if (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') {
    const digest = createHash('sha256').update(part.text).digest('hex').slice(0, 12)
    const citations = part.type === 'text' && part.citations ? { citations: part.citations.map((one) => one.url) } : {}
    return { type: part.type, length: part.text.length, starts: part.text.slice(0, 30), digest, ...citations }
  }
  return part
}

function summary(events: readonly ChatEvent[]): unknown {
  const folded = foldEvents(events)
  if (folded.kind === 'failed') return folded
  const { parts, ...rest } = folded.message
  return { ...rest, parts: parts.map(brief) }
}

test('what every recording says', async () => {
  const said = Object.fromEntries([
    ...chatStreams.map(({ name, bytes }) => [name, summary(readStream(bytes))]),
    ...chatBodies.map(({ name, bytes }) => [name, summary(createReader().readWhole(bytes))]),
  ])
  await expect(`${JSON.stringify(said, null, 2)}\n`).toMatchFileSnapshot('golden/recordings.json')
})

describe.each(chatStreams)('$name', ({ bytes }) => {
  test('reads to a whole message with usage where it tells one, by the grammar', () => {
    const events = readStream(bytes)
    expectGrammar(events)
    expect(events.at(-1)?.type).toBe('message-end')
    expect(events.some((event) => event.type === 'usage')).toBe(bytes.includes('"usage":{'))
  })

  test('reads the same byte by byte', () => {
    expect(readStream(bytes, 1)).toEqual(readStream(bytes))
  })

  // A cut inside an event leaves the reader as the event before left it, which the byte-by-byte run shows: nothing but a
  // blank line's last byte gives events. So every offset is covered by one cut behind each event.
  test('cut at any offset never looks complete', () => {
    const frames = eventsOf(bytes)
    for (let count = 0; count < frames.length; count++) {
      const reader = createReader()
      const events = frames.slice(0, count).flatMap((frame) => reader.readEvent(frame))
      const last = [...events, ...reader.end()].at(-1)
      expect(last).toMatchObject({ type: 'failure', failure: { code: 'truncated' } })
      expect(events.some((event) => event.type === 'message-end')).toBe(false)
    }
  })

  test('gives events at the last byte of a frame only', () => {
    const ends = new Set(eventsOf(bytes).map((event) => event.rawEnd))
    const reader = createReader()
    const decoder = new SseDecoder()
    for (let at = 0; at < bytes.length; at++)
      decoder.push(Buffer.from(bytes.subarray(at, at + 1)), (event) => {
        expect(ends.has(at + 1)).toBe(true)
        reader.readEvent(event)
      })
  })

  test('is tapped with the usage that the reader reads', () => {
    const kinds = tapKinds(openaiChat, bytes)
    expect(kinds.list.at(-1)).toBe('terminal')
    expect(kinds.list).toContain('content')
    expect(kinds.failure).toBeUndefined()
    const read = readStream(bytes).findLast((event) => event.type === 'usage')
    expect(kinds.usage).toEqual(read?.type === 'usage' ? read.usage : undefined)
  })

  test('is tapped alike in one chunk and byte by byte', () => {
    expect(tapKinds(openaiChat, bytes, 1)).toEqual(tapKinds(openaiChat, bytes))
  })
})

describe.each(chatBodies)('$name', ({ bytes }) => {
  test('reads to a whole message, and the pass lane sees the same usage', () => {
    const events = createReader().readWhole(bytes)
    expectGrammar(events)
    expect(events.at(-1)?.type).toBe('message-end')
    const usage = events.findLast((event) => event.type === 'usage')
    expect(openaiChat.readWhole(bytes)).toEqual({
      usage: usage?.type === 'usage' ? usage.usage : undefined,
      failure: undefined,
    })
  })

  test('cut anywhere is refused', () => {
    const whole = bytes.toString('utf8').trimEnd().length
    const step = Math.max(1, Math.floor(bytes.length / 200))
    for (let end = 0; end < whole - 1; end += step) {
      expect(() => openaiChat.readWhole(bytes.subarray(0, end))).toThrow(/unreadable/)
      expect(createReader().readWhole(bytes.subarray(0, end)).at(-1)).toMatchObject({ type: 'failure' })
    }
  })
})

test('legacy completions are tapped', () => {
  for (const { bytes } of completionStreams) {
    const kinds = tapKinds(openaiCompletions, bytes)
    expect(kinds.list).toEqual([...Array<string>(16).fill('content'), 'usage-only', 'terminal'])
    expect(kinds.usage).toMatchObject({ inputTokens: 14, outputTokens: 16 })
  }
})

test('whole bodies of the other operations tell usage or failure', () => {
  const read = (wire: Wire, name: string) => {
    const recording = otherBodies.find((one) => one.name.endsWith(name))
    return wire.readWhole(recording?.bytes ?? Buffer.alloc(0))
  }
  expect(read(openaiEmbeddings, 'openai-embedding.json').usage).toMatchObject({ inputTokens: 12, outputTokens: 0 })
  expect(read(openaiCompletions, 'openai-completion-text.json').usage).toMatchObject({ outputTokens: 16 })
  expect(read(openaiChat, 'legacy-parameter-error.json').failure).toMatchObject({
    code: 'rejected',
    providerCode: 'unsupported_parameter',
    param: 'max_tokens',
  })
})

function tapKinds(wire: Wire, bytes: Buffer, pieceBytes = bytes.length) {
  const tap = wire.createTap()
  const decoder = new SseDecoder()
  const list: string[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes)
    decoder.push(Buffer.from(bytes.subarray(at, at + pieceBytes)), (event) => list.push(tap.inspect(event)))
  return { list, usage: tap.usage, failure: tap.failure }
}

function expectGrammar(events: readonly ChatEvent[]): void {
  const open = new Set<number>()
  let next = 0
  for (const [at, event] of events.entries()) {
    expect(event.type === 'message-start').toBe(at === 0)
    if (event.type === 'part-start') {
      expect(event.index).toBe(next++)
      open.add(event.index)
    }
    if (event.type === 'part-delta' || event.type === 'citation') expect(open.has(event.index)).toBe(true)
    if (event.type === 'part-end') expect(open.delete(event.index)).toBe(true)
    if (event.type === 'message-end') {
      expect(open.size).toBe(0)
      expect(at).toBe(events.length - 1)
    }
  }
}
