// The decoder reads streams as the WHATWG rules say, however they are cut, and gives every byte back.
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import { dataText, SseDecoder, type SseEvent } from './sse-decoder.ts'
import { dataEvent, namedEvent, pingComment } from './sse-encoder.ts'

interface Seen {
  readonly type: string
  readonly data: string
}

interface Decoded {
  readonly events: readonly Seen[]
  /** Raw ranges of all events, joined. */
  readonly raw: Buffer
  readonly heldBytes: number
}

function decode(chunks: Iterable<Uint8Array>): Decoded {
  const decoder = new SseDecoder()
  const events: Seen[] = []
  const raw: Buffer[] = []
  for (const chunk of chunks)
    decoder.push(chunk, (event) => {
      // Kept, not copied: later chunks must not write into what was handed out.
      raw.push(event.bytes.subarray(event.rawStart, event.rawEnd))
      if (event.hasData) events.push({ type: event.type, data: dataText(event) })
    })
  return { events, raw: Buffer.concat(raw), heldBytes: decoder.heldBytes }
}

/** What the widely used parser of text, which nobody here wrote, sees in the whole stream. */
function oracle(stream: Buffer): readonly Seen[] {
  const events: Seen[] = []
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ type: event ?? '', data }) })
  parser.feed(new TextDecoder('utf-8', { ignoreBOM: true }).decode(stream))
  return events
}

function* chunksOf(stream: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0
  for (let turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    // A copy each time, as sockets give them.
    yield Buffer.from(stream.subarray(at, at + size))
    at += size
  }
}

function expectWholeStream(stream: Buffer, decoded: Decoded): void {
  const tail = stream.subarray(stream.length - decoded.heldBytes)
  expect(Buffer.concat([decoded.raw, tail]).equals(stream)).toBe(true)
}

const line = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('data: a', 'data:b', 'data:  c', 'data', 'data:', 'data: {"x":"é"}') },
  { weight: 2, arbitrary: fc.constantFrom('event: ping', 'event:', 'event', 'event:  two', 'event: é') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ': comment',
      ':',
      'id: 1',
      'id',
      'retry: 10',
      'foo: bar',
      'dataset: x',
      'Data: x',
      ' data: x',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'data: \u0000',
      '\u0000',
      'data: \ufeff',
      '\ufeffdata: x',
      'data: \u2028',
      'datum',
      'data : x',
    ),
  },
  { weight: 3, arbitrary: fc.constant('') },
)
const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const brokenByte = fc.constantFrom(0x80, 0xc3, 0xe2, 0xff, 0xf0)

const stream = fc
  .tuple(
    fc.constantFrom('', '\ufeff', '\ufeff\ufeff'),
    fc.oneof(
      // One kind of line end, as servers write; and any mixture, as the rules allow.
      fc
        .tuple(fc.array(line, { maxLength: 20 }), lineEnd)
        .map(([lines, end]) => lines.map((text) => text + end).join('')),
      fc
        .array(
          fc.tuple(line, lineEnd).map(([text, end]) => text + end),
          { maxLength: 20 },
        )
        .map((lines) => lines.join('')),
    ),
    fc.constantFrom('', 'data: unfinished', '\n', '\r'),
    fc.array(fc.tuple(fc.nat(), brokenByte), { maxLength: 2 }),
  )
  .map(([mark, body, tail, broken]) => {
    let bytes = Buffer.from(mark + body + tail)
    for (const [at, byte] of broken) {
      const cut = Buffer.byteLength(mark) + (at % (bytes.length - Buffer.byteLength(mark) + 1))
      bytes = Buffer.concat([bytes.subarray(0, cut), Buffer.from([byte]), bytes.subarray(cut)])
    }
    return bytes
  })

describe('against eventsource-parser', () => {
  test('random streams in random chunks give the same events and all their bytes', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }), (bytes, sizes) => {
        const decoded = decode(chunksOf(bytes, sizes))
        expect(decoded.events).toEqual(oracle(bytes))
        expectWholeStream(bytes, decoded)
      }),
      { numRuns: 5000 },
    )
  })

  test('random streams cut in two at every offset give the same events', () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        const expected = oracle(bytes)
        for (let cut = 0; cut <= bytes.length; cut++) {
          const decoded = decode([Buffer.from(bytes.subarray(0, cut)), Buffer.from(bytes.subarray(cut))])
          expect(decoded.events).toEqual(expected)
          expectWholeStream(bytes, decoded)
        }
      }),
      { numRuns: 300 },
    )
  })
})

// After web-platform-tests/eventsource/format-*: the text of the rules, each clause once.
const vectors: readonly {
  readonly title: string
  readonly text: string
  readonly data: readonly string[]
  readonly type?: string
}[] = [
  { title: 'one leading BOM is dropped', text: '\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n', data: ['1', '3'] },
  { title: 'two BOMs are not', text: '\ufeff\ufeffdata:1\n\ndata:2\n\ndata:3\n\n', data: ['2', '3'] },
  { title: 'comments are skipped', text: 'data:1\r:\0\n:\r\ndata:2\n:x\rdata:3\n\n', data: ['1\n2\n3'] },
  { title: 'an empty data field is an event', text: 'data:\n\ndata\n\n', data: ['', ''] },
  { title: 'two empty data lines join with one line break', text: 'data:\ndata:\n\n', data: ['\n'] },
  { title: 'a block without data is no event', text: 'event: test\n\ndata: x\n\n', data: ['x'], type: '' },
  { title: 'the last event name wins', text: 'event: a\nevent: b\ndata: x\n\n', data: ['x'], type: 'b' },
  {
    title: 'field names are exact',
    text: 'data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacomment\n\n',
    data: ['test\n'],
  },
  { title: 'only one leading blank goes', text: 'data:\ttest\rdata: \ndata:  test\n\n', data: ['\ttest\n\n test'] },
  { title: 'CR, LF and CRLF all end lines', text: 'data:test\r\ndata\ndata:test\r\n\r', data: ['test\n\ntest'] },
  { title: 'NUL is data', text: 'data:\0\n\n', data: ['\0'] },
  { title: 'an unfinished event is none', text: 'data: whole\n\ndata: part\n', data: ['whole'] },
  {
    title: 'blank lines between events are nothing',
    text: '\n\n\r\rdata: a\n\n\n\n\r\n\r\ndata: b\n\n',
    data: ['a', 'b'],
  },
]

describe.each(vectors)('$title', ({ text, data, type }) => {
  const bytes = Buffer.from(text)

  test('in one chunk, byte by byte and at every split', () => {
    const cuts = Array.from({ length: bytes.length + 1 }, (_, cut) => [bytes.subarray(0, cut), bytes.subarray(cut)])
    for (const chunks of [[bytes], [...chunksOf(bytes, [1])], ...cuts]) {
      const decoded = decode(chunks)
      expect(decoded.events.map((event) => event.data)).toEqual(data)
      expectWholeStream(bytes, decoded)
      expect(decoded.events.at(-1)?.type).toBe(type ?? '')
    }
  })
})

test('bytes that are no UTF-8 become replacement characters in text and stay themselves in the raw range', () => {
  const bytes = Buffer.concat([Buffer.from('data: a'), Buffer.from([0xff, 0xc3]), Buffer.from('\n\n')])
  const decoded = decode(chunksOf(bytes, [1]))
  expect(decoded.events).toEqual([{ type: '', data: 'a\ufffd\ufffd' }])
  expect(decoded.raw.equals(bytes)).toBe(true)
})

test('line ends may change in the middle of an event', () => {
  const decoded = decode([Buffer.from('data: a\n'), Buffer.from('\r\ndata: b\r\n\r\n')])
  expect(decoded.events.map((event) => event.data)).toEqual(['a', 'b'])
})

describe('bounds', () => {
  const pushAll = (decoder: SseDecoder, chunks: Iterable<Uint8Array>): SseEvent[] => {
    const events: SseEvent[] = []
    for (const chunk of chunks) decoder.push(chunk, (event) => events.push(event))
    return events
  }
  const tooLarge = expect.objectContaining({ code: 'provider_response_too_large' })

  function thrownBy(act: () => unknown): unknown {
    try {
      act()
    } catch (thrown) {
      return thrown
    }
    return undefined
  }

  test.each(['data: ', ': comment\n', 'data: x\r\n'])(
    'an endless event of %j ends in an error, chunked or at once',
    (unit) => {
      const bytes = Buffer.alloc(5000, unit)
      for (const size of [1, 7, 100, 5000]) {
        const decoder = new SseDecoder({ maxEventBytes: 1000 })
        expect(thrownBy(() => pushAll(decoder, chunksOf(bytes, [size])))).toEqual(tooLarge)
        expect(decoder.heldBytes).toBeLessThanOrEqual(1000)
      }
    },
  )

  test('an event of exactly the bound passes, one byte more does not, finished or not', () => {
    const event = (length: number) => Buffer.from(`data: ${'x'.repeat(length - 8)}\n\n`)
    for (const size of [1, 1000, 2000]) {
      expect(pushAll(new SseDecoder({ maxEventBytes: 1000 }), chunksOf(event(1000), [size]))).toHaveLength(1)
      const decoder = new SseDecoder({ maxEventBytes: 1000 })
      expect(thrownBy(() => pushAll(decoder, chunksOf(event(1001), [size])))).toEqual(tooLarge)
    }
  })

  test('many small events pass, however many come in one chunk', () => {
    const decoder = new SseDecoder({ maxEventBytes: 100 })
    expect(pushAll(decoder, [Buffer.from(dataEvent('{}').repeat(10_000))])).toHaveLength(10_000)
    expect(decoder.heldBytes).toBe(0)
  })

  test.each(['\n', '\r\n', '\r'])('an event of almost 4 MiB in chunks of 1 KiB comes out whole with %j', (end) => {
    const text = 'x'.repeat(4 * 1024 * 1024 - 100)
    const bytes = Buffer.from(`data: ${text}${end}${end}`)
    const decoded = decode(chunksOf(bytes, [1024]))
    expect(decoded.events.map((event) => event.data === text)).toEqual([true])
    expect(decoded.raw.equals(bytes)).toBe(true)
  })

  test('an AiError says what was exceeded', () => {
    const thrown = thrownBy(() => pushAll(new SseDecoder({ maxEventBytes: 10 }), [Buffer.alloc(11)]))
    expect(thrown).toBeInstanceOf(AiError)
    expect(String(thrown)).toContain('10 bytes')
  })
})

test('what the encoder writes is what the decoder reads', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('', 'response.created', 'error'), fc.jsonValue())), (events) => {
      const text = events.map(
        ([name, value]) => (name === '' ? dataEvent : named(name))(JSON.stringify(value)) + pingComment,
      )
      const decoded = decode([Buffer.from(text.join(''))])
      expect(decoded.events).toEqual(events.map(([type, value]) => ({ type, data: JSON.stringify(value) })))
    }),
  )
})

function named(name: string): (json: string) => string {
  return (json) => namedEvent(name, json)
}
