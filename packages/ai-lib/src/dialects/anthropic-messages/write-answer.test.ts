// Answers of other dialects for clients of this one.
import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import { isObject, type JsonObject, parseJsonObject, tryParseJson } from '../../bytes/json-value.ts'
import { dataText } from '../../bytes/sse-decoder.ts'
import type { ChatEvent, PartHead } from '../../chat/events.ts'
import type { Opaque } from '../../chat/opaque.ts'
import { toolCallId } from '../../chat/parts.ts'
import { noUsage } from '../../chat/usage.ts'
import { createWriter } from './write-answer.ts'

const begin: ChatEvent = { type: 'message-start', id: 'chatcmpl-1', model: 'gpt' }
const finish: ChatEvent = { type: 'message-end', stop: 'end', rawStop: 'stop' }
const usage = {
  ...noUsage,
  inputTokens: 5,
  cacheReadTokens: 2,
  outputTokens: 7,
  reasoningTokens: 3,
  audioOutputTokens: 1,
}
const foreign: Opaque = { dialect: 'openai-responses', json: '{"secret":1}' }

function start(index: number, head: PartHead): ChatEvent {
  return { type: 'part-start', index, head }
}

function call(index: number, id: string, name = 'f'): ChatEvent {
  return start(index, { type: 'tool-call', callId: toolCallId(id), name })
}

function said(index: number, text: string): ChatEvent {
  return { type: 'part-delta', index, text }
}

function over(index: number, seal?: Opaque): ChatEvent {
  return seal === undefined ? { type: 'part-end', index } : { type: 'part-end', index, seal }
}

function stream(events: readonly ChatEvent[]) {
  const writer = createWriter()
  const bytes = Buffer.concat(events.map((event) => writer.writeEvents([event])))
  const frames: JsonObject[] = []
  new SseDecoder().push(bytes, (event) => {
    const frame = tryParseJson(dataText(event))
    if (!isObject(frame) || frame['type'] !== event.type) throw new Error(`bad frame ${dataText(event)}`)
    frames.push(frame)
  })
  return { bytes, frames, losses: writer.losses.map(({ kind, path }) => `${kind} ${path}`) }
}

// The grammar: one block at a time, numbered from 0, between message_start and message_delta, message_stop.
function checkGrammar(frames: readonly JsonObject[]): void {
  let next = 0
  let isOpen = false
  for (const { type, index } of frames.slice(1, -2)) {
    expect(index).toBe(next)
    expect(isOpen).toBe(type !== 'content_block_start')
    if (type === 'content_block_start') isOpen = true
    if (type === 'content_block_stop') {
      isOpen = false
      next++
    }
  }
  expect(isOpen).toBe(false)
  expect(frames[0]?.['type']).toBe('message_start')
  expect(frames.slice(-2).map(({ type }) => type)).toEqual(['message_delta', 'message_stop'])
}

function whole(events: readonly ChatEvent[]) {
  const writer = createWriter()
  const message = parseJsonObject(writer.writeWhole(events))
  return { message, losses: writer.losses.map(({ kind, path }) => `${kind} ${path}`) }
}

// Parallel calls whose deltas interleave, as OpenAI streams them, with the text left open.
const parallel: readonly ChatEvent[] = [
  begin,
  start(0, { type: 'text' }),
  said(0, 'Both.'),
  call(1, 'a', 'first'),
  said(1, '{"x":'),
  call(2, 'b', 'second'),
  said(2, '{"y"'),
  said(1, '1}'),
  over(0),
  said(2, ':2}'),
  over(2),
  over(1),
  { type: 'usage', usage },
  finish,
]

describe('a streamed answer', () => {
  it('puts overlapping parts one after another', () => {
    const { frames, losses } = stream(parallel)
    checkGrammar(frames)
    expect(
      frames.flatMap(({ content_block: block }) => (isObject(block) ? [block['name'] ?? block['type']] : [])),
    ).toEqual(['text', 'first', 'second'])
    const json = frames.map(({ index, delta }) => (isObject(delta) ? [index, delta['partial_json'] ?? ''] : []))
    const args = (of: number) => json.flatMap(([index, text]) => (index === of ? [text] : [])).join('')
    expect([args(1), args(2)]).toEqual(['{"x":1}', '{"y":2}'])
    expect(losses).toEqual([])
  })

  it('is what the official client makes a message of', async () => {
    const { bytes } = stream(parallel)
    const fetch = () => Promise.resolve(new Response(bytes, { headers: { 'content-type': 'text/event-stream' } }))
    const client = new Anthropic({ apiKey: 'k', fetch, maxRetries: 0 })
    const message = await client.messages
      .stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] })
      .finalMessage()
    expect(message.content).toMatchObject([
      { type: 'text', text: 'Both.' },
      { type: 'tool_use', id: 'a', name: 'first', input: { x: 1 } },
      { type: 'tool_use', id: 'b', name: 'second', input: { y: 2 } },
    ])
    expect(message).toMatchObject({ id: 'msg_chatcmpl-1', stop_reason: 'tool_use', usage: { output_tokens: 11 } })
  })

  it('tells input that is known at once in its first frame, and everything in its last', () => {
    const writer = createWriter()
    const text = Buffer.from(writer.writeEvents([begin, { type: 'usage', usage }])).toString()
    expect(text).toContain('"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":2')
    const last = stream([begin, { type: 'usage', usage }, finish]).frames.at(-2)
    expect(last?.['usage']).toEqual({
      input_tokens: 5,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 2,
      output_tokens: 11,
      output_tokens_details: { thinking_tokens: 3 },
    })
  })

  it('ends parts that were left open', () => {
    const { frames } = stream([begin, call(0, 'a'), said(0, '{'), start(1, { type: 'text' }), said(1, 'x'), finish])
    checkGrammar(frames)
    expect(frames.filter(({ type }) => type === 'content_block_stop')).toHaveLength(2)
  })

  it('writes no blocks that a client could not send back', () => {
    const reasoning = start(1, { type: 'reasoning' })
    const { frames } = stream([begin, start(0, { type: 'text' }), over(0), reasoning, over(1), finish])
    expect(frames.map(({ type }) => type)).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  it('writes nothing for a failure', () => {
    const failure: ChatEvent = {
      type: 'failure',
      failure: { phase: 'mid-stream', code: 'truncated', charged: 'unknown' },
    }
    expect(createWriter().writeEvents([failure])).toHaveLength(0)
    expect(createWriter().writeEvents([])).toHaveLength(0)
  })

  it('passes broken arguments on as they came', () => {
    const { frames } = stream([begin, call(0, 'a'), said(0, '{"x":'), over(0), finish])
    expect(JSON.stringify(frames)).toContain('"partial_json":"{\\"x\\":"')
  })
})

describe('both forms', () => {
  const thoughts = [
    begin,
    start(0, { type: 'reasoning' }),
    said(0, 'Hm'),
    over(0, foreign),
    start(1, { type: 'text' }),
    said(1, 'Yes.'),
    { type: 'citation', index: 1, citation: { url: 'https://example.com' } },
    over(1),
    { type: 'opaque', opaque: foreign },
    { type: 'message-end', stop: 'content-filter', rawStop: 'content_filter' },
  ] satisfies readonly ChatEvent[]

  it('put on the ledger what they cannot carry', () => {
    const streamed = stream(thoughts)
    checkGrammar(streamed.frames)
    expect(streamed.losses.toSorted()).toEqual([
      'changed stop_reason',
      'dropped content',
      'dropped content.0',
      'dropped content.1.citations',
    ])
    const { message, losses } = whole(thoughts)
    expect(message['content']).toEqual([
      { type: 'thinking', thinking: 'Hm', signature: '' },
      { type: 'text', text: 'Yes.' },
    ])
    expect(losses.toSorted()).toEqual([
      'changed stop_reason',
      'dropped content.0',
      'dropped content.1.citations',
      'dropped content.2',
    ])
  })

  it('tell a refusal as text, as reason and as explanation', () => {
    const refusal = [begin, start(0, { type: 'refusal' }), said(0, 'I '), said(0, 'won’t.'), over(0), finish]
    const expected = {
      stop_reason: 'refusal',
      stop_sequence: null,
      stop_details: { type: 'refusal', category: null, explanation: 'I won’t.' },
    }
    expect(stream(refusal).frames.at(-2)?.['delta']).toEqual(expected)
    expect(whole(refusal).message).toMatchObject({ ...expected, content: [{ type: 'text', text: 'I won’t.' }] })
  })
})

describe('a whole answer', () => {
  it('writes arguments raw, and {} with a loss where they are no object', () => {
    const writer = createWriter()
    const events = [
      begin,
      call(0, 'a'),
      said(0, '{"n": 9007199254740993}'),
      over(0),
      call(1, 'b'),
      said(1, '[1'),
      over(1),
    ]
    const text = Buffer.from(writer.writeWhole([...events, finish])).toString()
    expect(text).toContain('"input":{"n": 9007199254740993}')
    expect(text).toContain('"id":"b","name":"f","input":{}')
    expect(writer.losses).toMatchObject([{ kind: 'dropped', path: 'content.1.input' }])
  })

  it('is never made of an answer that was cut', () => {
    expect(() => createWriter().writeWhole([begin, start(0, { type: 'text' }), said(0, 'half')])).toThrow(
      'before it was whole',
    )
  })
})

describe('what waits for the open part to end', () => {
  const open = [begin, start(0, { type: 'text' }), said(0, 'x'), call(1, 'a')]
  const mega = 'x'.repeat(1024 * 1024)
  const feed = (events: readonly ChatEvent[]) => {
    const writer = createWriter()
    return () => {
      for (const event of events) writer.writeEvents([event])
    }
  }

  it('has a bound over all parts', () => {
    const more = [call(2, 'b'), said(1, mega), said(2, mega), said(1, mega)]
    expect(feed([...open, ...more])).not.toThrow()
    expect(feed([...open, ...more, said(2, mega)])).toThrow(
      expect.objectContaining({ code: 'provider_response_too_large' }),
    )
    const block: ChatEvent = { type: 'opaque', opaque: { dialect: 'anthropic-messages', json: `"${mega}"` } }
    expect(feed([...open, ...more, block])).toThrow(expect.objectContaining({ code: 'provider_response_too_large' }))
  })

  it('has a bound where it holds no text', () => {
    expect(feed([...open, ...Array<ChatEvent>(70_000).fill(said(1, ''))])).toThrow(
      expect.objectContaining({ code: 'provider_response_too_large' }),
    )
  })

  it('no longer counts once it is written', () => {
    const rounds = Array.from({ length: 6 }, (_, round) => [
      call(round + 2, `c${round}`),
      said(round + 2, mega),
      over(round),
      over(round + 1),
    ])
    expect(feed([...open, said(1, mega), ...rounds.flat()])).not.toThrow()
    // What goes out at once never waited.
    expect(feed([begin, start(0, { type: 'text' }), ...Array<ChatEvent>(6).fill(said(0, mega))])).not.toThrow()
  })
})
