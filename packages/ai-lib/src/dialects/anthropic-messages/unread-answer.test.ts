// What of an answer becomes no event is on the ledger, once; what says nothing, or nobody misses, is not.
import { describe, expect, it } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import { createReader } from './read-answer.ts'

const start = {
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'c', content: [] },
}
const finish = {
  type: 'message_delta',
  delta: { stop_reason: 'end_turn', stop_sequence: null },
  usage: { output_tokens: 1 },
}
const end = { type: 'message_stop' }

function lost(...frames: readonly object[]): readonly string[] {
  const reader = createReader()
  const text = frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join('')
  new SseDecoder().push(Buffer.from(text), (event) => reader.readEvent(event))
  return reader.losses.map(({ path }) => path)
}

function lostOfWhole(fields: object): readonly string[] {
  const reader = createReader()
  const events = reader.readWhole(Buffer.from(JSON.stringify({ ...start.message, stop_reason: 'end_turn', ...fields })))
  expect(events.at(-1)?.type).toBe('message-end')
  return reader.losses.map(({ path }) => path)
}

/** One block, with an empty one before it, as a stream. */
function block(content: object, ...deltas: readonly object[]): readonly string[] {
  return lost(
    start,
    { type: 'content_block_start', index: 1, content_block: content },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index: 1, delta })),
    { type: 'content_block_stop', index: 1 },
    finish,
    end,
  )
}

describe('of a whole answer', () => {
  it.each<readonly [string, object, readonly string[]]>([
    ['an unknown field', { brand_new: 1 }, ['brand_new']],
    ['its container', { container: { id: 'c' } }, ['container']],
    ['edits of its context', { context_management: { applied_edits: [{ type: 'clear' }] } }, ['context_management']],
    [
      'why it was refused',
      { stop_reason: 'refusal', stop_details: { type: 'refusal', category: 'cyber', explanation: 'no' } },
      ['stop_details.category'],
    ],
    ['an explanation without a refusal', { stop_details: { explanation: 'so' } }, ['stop_details.explanation']],
    ['uses of server tools', { usage: { server_tool_use: { web_search_requests: 2 } } }, ['usage.server_tool_use']],
    [
      'a tier and a place that were asked for',
      { usage: { service_tier: 'priority', inference_geo: 'us' } },
      ['usage.service_tier', 'usage.inference_geo'],
    ],
    [
      'usage of several passes',
      { usage: { iterations: [{ type: 'compaction' }, { type: 'message' }] } },
      ['usage.iterations'],
    ],
    [
      'cache writes of an hour',
      { usage: { cache_creation: { ephemeral_1h_input_tokens: 5 } } },
      ['usage.cache_creation.ephemeral_1h_input_tokens'],
    ],
    [
      'who called a tool',
      {
        content: [
          { type: 'text', text: 'x' },
          { type: 'tool_use', caller: { type: 'code_execution' } },
        ],
      },
      ['content.1.caller'],
    ],
    ['a citation that is none', { content: [{ type: 'text', text: 'x', citations: ['no'] }] }, ['content.0.citations']],
    ['text of another form', { content: [{ type: 'text', text: 5 }] }, ['content.0.text']],
  ])('%s', (_name, fields, paths) => {
    expect(lostOfWhole(fields)).toEqual(paths)
  })

  it('nothing, where all is carried, neutral or told twice', () => {
    const usage = {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 0 },
      server_tool_use: { web_search_requests: 0 },
      iterations: [{ type: 'message', input_tokens: 1, output_tokens: 1 }],
      service_tier: 'standard',
      inference_geo: 'not_available',
    }
    const content = [
      { type: 'tool_use', id: 't', name: 'f', input: { a: 1 }, caller: { type: 'direct' } },
      { type: 'server_tool_use', id: 's', name: 'g', input: {}, caller: { type: 'code_execution' } },
    ]
    expect(lostOfWhole({ usage, content, container: null, context_management: { applied_edits: [] } })).toEqual([])
  })
})

describe('of a stream', () => {
  it('fields of the message have the same paths wherever a frame tells them', () => {
    const inStart = { ...start, message: { ...start.message, container: { id: 'c' }, usage: { tea: 1 } } }
    const inDelta = { ...finish, delta: { container: { id: 'c' }, tone: 'warm' }, usage: { tea: 2 }, mood: 'good' }
    expect(lost(inStart, inDelta, end)).toEqual(['container', 'usage.tea', 'mood', 'tone'])
  })

  it('fields and deltas of blocks that are not known', () => {
    expect(block({ type: 'text', text: '', tone: 'warm' }, { type: 'text_delta', text: 'x', pitch: 1 })).toEqual([
      'content.1.tone',
      'content.1.pitch',
    ])
    expect(block({ type: 'thinking', thinking: '' }, { type: 'mood_delta', mood: 'm' })).toEqual([
      'content.1.mood_delta',
    ])
    expect(block({ type: 'redacted_thinking', data: 'd' }, { type: 'text_delta', text: 'x' })).toEqual([
      'content.1.text_delta',
    ])
    expect(block({ type: 'tool_use', id: 't', name: 'f', input: {}, caller: { type: 'code_execution' } })).toEqual([
      'content.1.caller',
    ])
  })

  it('nothing of blocks that are carried whole', () => {
    expect(
      block({ type: 'compaction', content: null, x: 1 }, { type: 'compaction_delta', content: 'y', z: 1 }),
    ).toEqual([])
  })

  it('events that are not known, but no pings, once each', () => {
    const news = { type: 'news_flash', text: 'x' }
    expect(lost(start, { type: 'ping', x: 1 }, news, news, { text: 'y' }, finish, end)).toEqual(['news_flash', 'event'])
  })

  it('the provider’s own timing is missed by nobody', () => {
    expect(lost(start, finish, { ...end, 'amazon-bedrock-invocationMetrics': { firstByteLatency: 5 } })).toEqual([])
  })

  it('a bounded number of lines', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`field\n${at}`, 1]))
    const paths = lost(start, { ...finish, ...many }, end)
    expect(paths).toHaveLength(65)
    expect([paths[0], paths.at(-1)]).toEqual(['field_0', '*'])
  })
})
