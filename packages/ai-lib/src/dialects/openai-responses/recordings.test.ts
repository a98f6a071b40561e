// Every recorded Responses answer, replayed through decoder and tap: whole, byte by byte, and cut everywhere.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type JsonObject, isObject, objectAt, stringAt, tokensAt, tryParseJson } from '../../bytes/json-value.ts'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import { totalInput, totalOutput, type Usage } from '../../chat/usage.ts'
import type { FrameKind, Tap } from '../dialect.ts'
import { openaiResponses } from './responses.ts'

const folder = new URL('fixtures/', import.meta.url)
const names = ['openai', 'azure', 'xai'].flatMap((provider) =>
  readdirSync(new URL(`${provider}/`, folder)).map((file) => `${provider}/${file}`),
)

interface Answer {
  readonly name: string
  readonly events: readonly JsonObject[]
}

const answers = names.filter((name) => name.endsWith('.chunks.txt')).flatMap(readAnswers)

function readAnswers(name: string): Answer[] {
  const events = readFileSync(new URL(name, folder), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => tryParseJson(line))
    .filter((value) => isObject(value))
  const starts = events.flatMap((event, index) => (event.type === 'response.created' ? [index] : []))
  return starts.map((start, index) => ({ name: `${name}#${index}`, events: events.slice(start, starts[index + 1]) }))
}

/** The file's own line order of keys is kept: JSON.parse and stringify keep it. */
function frame(event: JsonObject, isNamed: boolean): string {
  return `${isNamed ? `event: ${stringAt(event, 'type')}\n` : ''}data: ${JSON.stringify(event)}\n\n`
}

function replay(chunks: Iterable<Uint8Array>): { kinds: FrameKind[]; tap: Tap } {
  const decoder = new SseDecoder()
  const tap = openaiResponses.createTap()
  const kinds: FrameKind[] = []
  for (const chunk of chunks) decoder.push(chunk, (event) => kinds.push(tap.inspect(event)))
  return { kinds, tap }
}

function* bytesOf(stream: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < stream.length; at++) yield stream.subarray(at, at + 1)
}

/** Our disjoint classes, added up the way the provider counts. */
function figuresOf(usage: Usage | undefined): number[] | undefined {
  return usage && [totalInput(usage), usage.cacheReadTokens, totalOutput(usage), usage.reasoningTokens]
}

function reportedFigures(usage: JsonObject | undefined): number[] | undefined {
  if (usage === undefined) return undefined
  const cached = tokensAt(objectAt(usage, 'input_tokens_details') ?? {}, 'cached_tokens')
  const reasoning = tokensAt(objectAt(usage, 'output_tokens_details') ?? {}, 'reasoning_tokens')
  return [tokensAt(usage, 'input_tokens'), cached, tokensAt(usage, 'output_tokens'), reasoning]
}

const isEnd = (kind: FrameKind): boolean => kind === 'terminal' || kind === 'failure'

test('the recordings hold what these tests are about', () => {
  expect(answers.length).toBeGreaterThanOrEqual(36)
  expect(names.filter((name) => name.endsWith('.json')).length).toBeGreaterThanOrEqual(30)
})

describe.each(answers)('$name', ({ events }) => {
  const last = events.at(-1) ?? {}
  const failed = last.type === 'response.failed'
  const streams = [true, false].map((isNamed) => Buffer.from(events.map((event) => frame(event, isNamed)).join('')))

  test('ends in its last event and nowhere before, with and without event names', () => {
    for (const stream of streams) {
      const { kinds, tap } = replay([stream])
      expect(kinds).toHaveLength(events.length)
      expect(kinds.at(-1)).toBe(failed ? 'failure' : 'terminal')
      expect(kinds.slice(0, -1).filter((kind) => kind === 'terminal')).toEqual([])
      expect(kinds[0]).toBe('quiet')
      expect(kinds.includes('content')).toBe(!failed)
      expect(tap.failure !== undefined).toBe(failed)
    }
  })

  test('gives every token of the provider, each in one class', () => {
    const reported = objectAt(objectAt(last, 'response') ?? {}, 'usage')
    for (const stream of streams) expect(figuresOf(replay([stream]).tap.usage)).toEqual(reportedFigures(reported))
  })

  test('byte by byte says the same, and no byte before the last one ends it', () => {
    for (const stream of streams) {
      const whole = replay([stream])
      const decoder = new SseDecoder()
      const tap = openaiResponses.createTap()
      const kinds: FrameKind[] = []
      let endedAt = -1
      let at = 0
      for (const byte of bytesOf(stream)) {
        decoder.push(byte, (event) => kinds.push(tap.inspect(event)))
        at++
        if (endedAt === -1 && kinds.includes('terminal')) endedAt = at
      }
      expect(kinds).toEqual(whole.kinds)
      expect(tap.usage).toEqual(whole.tap.usage)
      expect(endedAt).toBe(failed ? -1 : stream.length)
    }
  })

  test('cut at any offset of its last two events it never looks complete', () => {
    for (const stream of streams) {
      const tail = events.slice(-2).map((event) => Buffer.byteLength(frame(event, stream === streams[0])))
      const from = stream.length - tail.reduce((sum, length) => sum + length, 0)
      for (let cut = from; cut < stream.length; cut++) {
        const { kinds } = replay([stream.subarray(from, cut)])
        expect(kinds.includes('terminal')).toBe(false)
      }
    }
  })
})

// Every prefix as one chunk is quadratic work: the shorter recordings do it in full.
const short = answers.filter(({ events }) => events.map((event) => frame(event, true)).join('').length < 7_000)

test.each(short)('$name, cut at every offset as one chunk, never looks complete', ({ events }) => {
  const stream = Buffer.from(events.map((event) => frame(event, true)).join(''))
  for (let cut = 0; cut < stream.length; cut++)
    expect(replay([stream.subarray(0, cut)]).kinds.includes('terminal')).toBe(false)
})

test('the recorded quota failure is known as one, before any content', () => {
  const answer = answers.find(({ name }) => name.includes('openai-error'))
  const { kinds, tap } = replay([Buffer.from(answer!.events.map((event) => frame(event, true)).join(''))])
  expect(kinds.map(isEnd)).toEqual([false, false, true, true])
  expect(tap.failure).toMatchObject({
    phase: 'first-event',
    code: 'quota-exhausted',
    providerCode: 'insufficient_quota',
  })
})

describe.each(names.filter((name) => name.endsWith('.json')))('%s', (name) => {
  const body = readFileSync(new URL(name, folder))
  const parsed = tryParseJson(body.toString())
  const value = isObject(parsed) ? parsed : {}

  test('gives its usage, or its failure', () => {
    const { usage, failure } = openaiResponses.readWhole(body)
    expect(failure === undefined).toBe(objectAt(value, 'error') === undefined)
    expect(figuresOf(usage)).toEqual(reportedFigures(objectAt(value, 'usage')))
  })

  test('cut anywhere in its last kilobyte is refused', () => {
    const end = body.toString().trimEnd().length
    for (let cut = Math.max(0, body.length - 1024); cut < body.length; cut++) {
      if (body.subarray(0, cut).toString().trimEnd().length === end) continue
      expect(() => openaiResponses.readWhole(body.subarray(0, cut))).toThrow(/unreadable/)
    }
  })
})
