// Replays every recorded answer: whole, byte by byte, and cut.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isObject, tryParseJson } from '../../bytes/json-value.ts'
import { namedEvent } from '../../bytes/sse-encoder.ts'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { type Folded, foldEvents } from '../../chat/fold-events.ts'
import type { Part } from '../../chat/parts.ts'
import type { FrameKind } from '../dialect.ts'
import { anthropicMessages } from './anthropic-messages.ts'

const folder = join(import.meta.dirname, 'fixtures')
const files = readdirSync(folder)
const wholes = files.filter((file) => file.endsWith('.json'))
const options = { streamUsage: true, createdSeconds: 0 }

function typeOf(line: string): string {
  const frame = tryParseJson(line)
  return isObject(frame) ? String(frame['type']) : ''
}

function split(file: string): readonly Buffer[] {
  const answers: string[] = []
  let last = 'message_stop'
  for (const line of readFileSync(join(folder, file), 'utf8').trim().split('\n')) {
    const type = typeOf(line)
    if (type === 'message_start' && last === 'message_stop') answers.push('')
    answers.push(answers.pop() + namedEvent(type, line))
    last = type
  }
  return answers.map((text) => Buffer.from(text))
}

function streamsOf(isBroken: boolean): readonly (readonly [string, Buffer])[] {
  return files
    .filter((file) => file.endsWith('.chunks.txt') && file.includes('-message-start') === isBroken)
    .flatMap((file) => split(file).map((bytes, index) => [`${file} #${index}`, bytes] as const))
}

const streams = streamsOf(false)

function readChunks(chunks: Iterable<Uint8Array>): readonly ChatEvent[] {
  const reader = anthropicMessages.createReader()
  const decoder = new SseDecoder()
  const events: ChatEvent[] = []
  for (const chunk of chunks) decoder.push(chunk, (event) => events.push(...reader.readEvent(event)))
  return [...events, ...reader.end()]
}

function* bytewise(bytes: Buffer): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield Buffer.from(bytes.subarray(at, at + 1))
}

function kindsOf(chunks: Iterable<Uint8Array>) {
  const tap = anthropicMessages.createTap()
  const decoder = new SseDecoder()
  const kinds: FrameKind[] = []
  for (const chunk of chunks) decoder.push(chunk, (event) => kinds.push(tap.inspect(event)))
  return { kinds, usage: tap.usage, failure: tap.failure }
}

// Every offset of short streams; of long ones each end of a frame with the bytes around it.
function offsetsOf(bytes: Buffer): readonly number[] {
  const all = Array.from({ length: bytes.length - 1 }, (_, offset) => offset)
  if (bytes.length < 6_000) return all
  const ends = all.filter((offset) => bytes[offset] === 0x0a && bytes[offset - 1] === 0x0a)
  const every = Math.ceil(ends.length / 60)
  return ends.filter((_, index) => index % every === 0).flatMap((end) => [end - 1, end, end + 1])
}

function endsOf(events: readonly ChatEvent[]): readonly string[] {
  return events.map(({ type }) => type).filter((type) => type === 'message-end' || type === 'failure')
}

function rewritten(events: readonly ChatEvent[], form: 'stream' | 'whole'): Folded {
  const writer = anthropicMessages.createWriter(options)
  const again =
    form === 'whole'
      ? anthropicMessages.createReader().readWhole(writer.writeWhole(events))
      : readChunks(events.map((event) => writer.writeEvents([event])))
  expect(writer.losses).toEqual([])
  return foldEvents(again)
}

// A refusal is written as text, so that clients which show content alone show it, and comes back as text.
function withRefusalsAsText(folded: Folded): Folded {
  if (folded.kind === 'failed') return folded
  const parts = folded.message.parts.map(
    (part): Part => (part.type === 'refusal' ? { type: 'text', text: part.text } : part),
  )
  return { kind: 'whole', message: { ...folded.message, parts } }
}

function lostPaths(bytes: Buffer): readonly string[] {
  const reader = anthropicMessages.createReader()
  new SseDecoder().push(bytes, (event) => reader.readEvent(event))
  return reader.losses.map(({ path }) => path)
}

function lostOfWhole(body: Buffer): readonly string[] {
  const reader = anthropicMessages.createReader()
  reader.readWhole(body)
  return reader.losses.map(({ path }) => path)
}

it('what every recording loses', async () => {
  const lost = Object.fromEntries([
    ...streams.map(([name, bytes]) => [name, lostPaths(bytes)]),
    ...wholes.map((file) => [file, lostOfWhole(readFileSync(join(folder, file)))]),
  ])
  await expect(`${JSON.stringify(lost, null, 2)}\n`).toMatchFileSnapshot('golden/recorded-losses.json')
})

describe.each(streams)('the stream %s', (_name, bytes) => {
  const events = readChunks([bytes])

  it('is read to its end, and the same byte by byte', () => {
    expect(endsOf(events)).toEqual(['message-end'])
    expect(readChunks(bytewise(bytes))).toEqual(events)
  })

  it('never looks complete where it is cut', () => {
    for (const offset of offsetsOf(bytes)) expect(endsOf(readChunks([bytes.subarray(0, offset)]))).toEqual(['failure'])
  })

  it('shows the tap one terminal frame, its last, and the usage that the reader sees', () => {
    const whole = kindsOf([bytes])
    expect(whole.kinds.indexOf('terminal')).toBe(whole.kinds.length - 1)
    expect(whole.kinds).not.toContain('failure')
    const folded = foldEvents(events)
    expect(folded.kind === 'whole' ? folded.message.usage : undefined).toEqual(whole.usage)
    expect(kindsOf(bytewise(bytes))).toEqual(whole)
  })

  it('survives this dialect’s own writer, streamed and whole', () => {
    const expected = withRefusalsAsText(foldEvents(events))
    expect(rewritten(events, 'stream')).toEqual(expected)
    expect(rewritten(events, 'whole')).toEqual(expected)
  })
})

describe.each(wholes)('the answer %s', (file) => {
  const body = readFileSync(join(folder, file))
  const events = anthropicMessages.createReader().readWhole(body)

  it('is read with the usage that the pass lane sees', () => {
    const folded = foldEvents(events)
    expect(folded.kind === 'whole' ? folded.message.usage : undefined).toEqual(anthropicMessages.readWhole(body).usage)
    expect(endsOf(events)).toEqual(['message-end'])
  })

  it('never looks complete where it is cut', () => {
    const length = body.toString('utf8').trimEnd().length
    for (let offset = 0; offset < length - 1; offset += Math.ceil(length / 200)) {
      const cut = body.subarray(0, offset)
      expect(endsOf(anthropicMessages.createReader().readWhole(cut))).toEqual(['failure'])
      expect(() => anthropicMessages.readWhole(cut)).toThrow('unreadable')
    }
  })

  it('survives this dialect’s own writer, streamed and whole', () => {
    const expected = withRefusalsAsText(foldEvents(events))
    expect(rewritten(events, 'stream')).toEqual(expected)
    expect(rewritten(events, 'whole')).toEqual(expected)
  })
})

describe.each(streamsOf(true))('the malformed stream %s', (_name, bytes) => {
  it('ends in a failure at its second message_start', () => {
    const events = readChunks([bytes])
    expect(endsOf(events)).toEqual(['failure'])
    const folded = foldEvents(events)
    expect(folded.kind === 'failed' ? folded.failure.code : '').toBe('invalid-response')
    expect(kindsOf([bytes]).failure?.code).toBe('invalid-response')
  })
})

describe('recorded content', () => {
  it('has tool arguments exactly as they were streamed', () => {
    const stream = streams.find(([name]) => name.startsWith('anthropic-json-tool.2'))
    const folded = foldEvents(readChunks([stream?.[1] ?? Buffer.alloc(0)]))
    const call = folded.kind === 'whole' ? folded.message.parts.find(({ type }) => type === 'tool-call') : undefined
    expect(call).toEqual({
      type: 'tool-call',
      callId: 'toolu_01KFbKqPYSuAKujiL6mTfzYA',
      name: 'json',
      argsJson: '{"elements": [{"location": "San Francisco", "temperature": 58, "condition": "sunny"}]}',
    })
  })

  it('has arguments that a message brought along at its start', () => {
    const parts = streams
      .filter(([name]) => name.startsWith('anthropic-programmatic-tool-calling'))
      .slice(1, 3)
      .map(([, bytes]) => foldEvents(readChunks([bytes])))
      .map((folded) => (folded.kind === 'whole' ? [folded.message.stop, folded.message.parts[0]] : []))
    expect(parts).toMatchObject([
      ['tool-calls', { type: 'tool-call', name: 'rollDie', argsJson: '{"player":"player2"}' }],
      ['tool-calls', { type: 'tool-call', name: 'rollDie', argsJson: '{"player":"player1"}' }],
    ])
  })

  it('has citations with the span of their block', () => {
    const stream = streams.find(([name]) => name.startsWith('anthropic-web-search-tool.1'))
    const folded = foldEvents(readChunks([stream?.[1] ?? Buffer.alloc(0)]))
    const parts = folded.kind === 'whole' ? folded.message.parts : []
    const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    const cited = parts.find((part) => part.type === 'text' && part.citations !== undefined)
    const citation = cited?.type === 'text' ? cited.citations?.[0] : undefined
    expect(citation?.url).toMatch(/^https:\/\//)
    expect(text.slice(citation?.start, citation?.end)).toBe(cited?.type === 'text' ? cited.text : undefined)
  })

  it('has the explanation of a refusal', () => {
    const body = readFileSync(join(folder, 'anthropic-refusal.json'))
    const folded = foldEvents(anthropicMessages.createReader().readWhole(body))
    expect(folded).toMatchObject({ message: { stop: 'refusal', parts: [{ type: 'refusal' }] } })
  })
})
