// Every recording through tap and reader: whole, byte by byte, and cut at every offset.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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
import { eventsOf, lostPaths, readStream } from './streams.test.kit.ts'
import { createWriter } from './write-answer.ts'

const folder = fileURLToPath(new URL('./fixtures/', import.meta.url))

interface Recording {
  readonly name: string
  readonly bytes: Buffer
}

function load(ends: readonly string[], isMeant: (name: string) => boolean): readonly Recording[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => ends.some((end) => name.endsWith(end)) && isMeant(name))
    .toSorted()
    .map((name) => ({ name, bytes: framed(name, readFileSync(`${folder}${name}`)) }))
}

function framed(name: string, bytes: Buffer): Buffer {
  if (name.endsWith('.json')) return bytes
  if (name.endsWith('.sse')) return Buffer.from(`${bytes.toString('utf8').trimEnd()}\n\n`)
  const frames = bytes.toString('utf8').trim().split('\n')
  return Buffer.from(`${frames.map((frame) => `data: ${frame}\n\n`).join('')}data: [DONE]\n\n`)
}

const isOther = (name: string) => /openai-(completion|embedding)|error/.test(name)

const chatStreams = load(['.txt', '.sse'], (name) => !isOther(name))
const chatBodies = load(['.json'], (name) => !isOther(name))
const completionStreams = load(['.txt'], (name) => name.startsWith('openai-completion/'))
const otherBodies = load(['.json'], isOther)

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

function lostOfWhole(bytes: Buffer): readonly string[] {
  const reader = createReader()
  reader.readWhole(bytes)
  return reader.losses.map(({ path }) => path)
}

test('what every recording loses', async () => {
  const lost = Object.fromEntries([
    ...chatStreams.map(({ name, bytes }) => [name, lostPaths(bytes)]),
    ...chatBodies.map(({ name, bytes }) => [name, lostOfWhole(bytes)]),
  ])
  await expect(`${JSON.stringify(lost, null, 2)}\n`).toMatchFileSnapshot('golden/recorded-losses.json')
})

describe.each(chatStreams)('$name', ({ bytes }) => {
  test('reads to a whole message with usage where it tells one, by the grammar', () => {
    const events = readStream(bytes)
    expect(faultsOf(events)).toEqual([])
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
  test('reads to a whole message, and the pass lane sees the same usage, id, model and end', () => {
    const events = createReader().readWhole(bytes)
    expect(faultsOf(events)).toEqual([])
    expect(events.at(-1)?.type).toBe('message-end')
    const usage = events.findLast((event) => event.type === 'usage')
    const [start] = events
    const end = events.findLast((event) => event.type === 'message-end')
    expect(openaiChat.readWhole(bytes)).toEqual({
      usage: usage?.type === 'usage' ? usage.usage : undefined,
      facts: start?.type === 'message-start' ? { id: start.id, model: start.model, stops: [end?.rawStop] } : undefined,
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

/** What breaks the grammar of an answer, by position. */
function faultsOf(events: readonly ChatEvent[]): readonly string[] {
  const open = new Set<number>()
  const faults: string[] = []
  let next = 0
  for (const [at, event] of events.entries()) {
    const isFit = (() => {
      switch (event.type) {
        case 'message-start':
          return at === 0
        case 'part-start':
          open.add(event.index)
          return event.index === next++
        case 'part-delta':
        case 'citation':
          return open.has(event.index)
        case 'part-end':
          return open.delete(event.index)
        case 'message-end':
          return open.size === 0 && at === events.length - 1
        case 'opaque':
        case 'usage':
          return at > 0
        case 'failure':
          return false
      }
    })()
    if (!isFit) faults.push(`${at}: ${event.type}`)
  }
  return faults
}

/** The message without what OpenAI's form adds: a time, and a place in the text for sources that have none. */
function comparable(events: readonly ChatEvent[]): unknown {
  const folded = foldEvents(events)
  if (folded.kind === 'failed') return folded
  const parts = folded.message.parts.map((part) =>
    part.type === 'text'
      ? { ...part, citations: part.citations?.map(({ url, title }) => ({ url, title: title ?? '' })) }
      : part,
  )
  return { created: 9, ...folded.message, parts, rawStop: '' }
}

test.each([...chatStreams, ...chatBodies])('$name written and read again is the same message', ({ name, bytes }) => {
  const events = name.endsWith('.json') ? createReader().readWhole(bytes) : readStream(bytes)
  const writer = () => createWriter({ streamUsage: true, createdSeconds: 9 })
  const frames = Buffer.from(writer().writeEvents(events))
  expect(comparable(readStream(frames))).toEqual(comparable(events))
  const whole = createReader().readWhole(writer().writeWhole(events))
  expect(comparable(whole)).toEqual(comparable(events))
})
