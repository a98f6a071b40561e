// What of an answer becomes no event is on the ledger, once; what says nothing, or nobody misses, is not.
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../bytes/json-value.ts'
import { createReader } from './read-answer.ts'
import { chunk, lostPaths, stream } from './streams.test.kit.ts'

const end = chunk({}, 'stop')

function streamed(...chunks: readonly unknown[]): readonly string[] {
  return lostPaths(stream(...chunks, end))
}

function choice(more: JsonObject): unknown {
  return { id: 'c', model: 'm', choices: [{ index: 0, delta: { content: 'x' }, ...more }] }
}

function call(more: JsonObject): unknown {
  return chunk({ tool_calls: [{ index: 2, id: 'a', type: 'function', function: { name: 'f' }, ...more }] })
}

const more = (fields: Record<string, unknown>) => chunk({ content: 'x' }, null, fields)
const safe = { hate: { filtered: false, severity: 'safe' }, jailbreak: { filtered: false, detected: false } }
const unsafe = { hate: { filtered: false, severity: 'medium' } }

test.each<readonly [string, unknown, readonly string[]]>([
  ['an unknown field', more({ brand_new: 1 }), ['brand_new']],
  ['a known field of another form', more({ usage: 'much', citations: 'none' }), ['usage', 'citations']],
  ['a tier that was paid for', more({ service_tier: 'priority' }), ['service_tier']],
  [
    'a rating of the prompt',
    more({ prompt_filter_results: [{ content_filter_results: unsafe }] }),
    ['prompt_filter_results'],
  ],
  ['usage besides tokens', more({ usage: { prompt_tokens: 1, cost: 0.1 } }), ['usage.cost']],
  [
    'tokens of other kinds',
    more({ usage: { prompt_tokens: 9, completion_tokens_details: { rejected_prediction_tokens: 3 } } }),
    ['usage.completion_tokens_details.rejected_prediction_tokens'],
  ],
  ['what Groq says of itself', more({ x_groq: { id: 'r', debug: { a: 1 } } }), ['x_groq.debug']],
  ['a source’s date', more({ search_results: [{ url: 'u', title: 't', date: 'd' }] }), ['search_results']],
  ['a source that the results lack', more({ search_results: [{ url: 'u' }], citations: ['u', 'v'] }), ['citations']],
  ['log probabilities', choice({ logprobs: { content: [{ token: 'x', logprob: -1 }] } }), ['choices.0.logprobs']],
  ['a rating of the answer', choice({ content_filter_results: unsafe }), ['choices.0.content_filter_results']],
  ['the stop sequence that matched', choice({ matched_stop: 'END' }), ['choices.0.matched_stop']],
  ['an unknown delta', chunk({ video: 'x' }), ['choices.0.delta.video']],
  ['content that is neither text nor parts', chunk({ content: { a: 1 } }), ['choices.0.delta.content']],
  ['a part that is none', chunk({ content: ['x'] }), ['choices.0.delta.content.0']],
  [
    'a field of a text part',
    chunk({ content: [{ type: 'text', text: 'x', tone: 'warm' }] }),
    ['choices.0.delta.content.0.tone'],
  ],
  [
    'a source among thoughts',
    chunk({ content: [{ type: 'thinking', thinking: [{ type: 'tool_reference', tool: { a: 1 } }], closed: true }] }),
    ['choices.0.delta.content.0.thinking'],
  ],
  ['a second account of reasoning', chunk({ reasoning_content: 'a', reasoning: 'b' }), ['choices.0.delta.reasoning']],
  [
    'a field of a reasoning detail',
    chunk({ reasoning_details: [{ type: 'reasoning.text', text: 'a', id: 'r', mood: 'm' }] }),
    ['choices.0.delta.reasoning_details.0.mood'],
  ],
  ['a kind of call', call({ type: 'builtin_function' }), ['choices.0.delta.tool_calls.2.type']],
  [
    'what Gemini seals a call with',
    call({ extra_content: { google: { thought_signature: 's' } } }),
    ['choices.0.delta.tool_calls.2.extra_content'],
  ],
  [
    'arguments that are no object',
    call({ function: { name: 'f', arguments: [1] } }),
    ['choices.0.delta.tool_calls.2.function.arguments'],
  ],
  ['a legacy call’s field', chunk({ function_call: { name: 'f', id: 'x' } }), ['choices.0.delta.function_call.id']],
  [
    'a second choice',
    {
      id: 'c',
      model: 'm',
      choices: [
        { index: 1, delta: { content: 'no' } },
        { index: 0, delta: { content: 'x' } },
      ],
    },
    ['choices.1'],
  ],
  [
    'two choices without an index',
    { id: 'c', model: 'm', choices: [{ delta: { content: 'x' } }, { delta: { content: 'no' } }] },
    ['choices.1'],
  ],
])('%s', (_name, frame, lost) => {
  expect(streamed(frame)).toEqual(lost)
})

describe('no loss is', () => {
  test.each<readonly [string, unknown]>([
    ['what names the answer and its backend', more({ system_fingerprint: 'fp', obfuscation: 'xyz', provider: 'P' })],
    ['the tier that everyone has', more({ service_tier: 'default' })],
    ['timing', more({ usage: { prompt_tokens: 1, queue_time: 0.5, total_time: 1 }, x_groq: { id: 'r', seed: 7 } })],
    [
      'null, zero, false and what is empty',
      choice({ logprobs: null, a: 0, b: false, c: '', d: [], e: { f: [{ g: 0 }] } }),
    ],
    ['a rating as harmless', choice({ content_filter_results: safe })],
    ['sources told twice', more({ search_results: [{ url: 'u', title: 't' }], citations: ['u'] })],
    ['reasoning told twice in the same words', chunk({ reasoning_content: 'a', reasoning: 'a' })],
    [
      'what is carried whole',
      chunk({ audio: { id: 'a', x: 1 }, images: [{ y: 1 }], content: [{ type: 'map', z: 1 }] }),
    ],
    [
      'a seal',
      chunk({
        reasoning_details: [{ type: 'reasoning.encrypted', data: 'd', format: 'openai-responses-v1', id: 'r' }],
      }),
    ],
  ])('%s', (_name, frame) => {
    expect(streamed(frame)).toEqual([])
  })
})

test('a whole answer has the paths of its message', () => {
  const reader = createReader()
  const message = { role: 'assistant', content: 'x', context: { intent: 'i' }, tool_calls: ['no'] }
  reader.readWhole(Buffer.from(JSON.stringify({ id: 'c', choices: [{ message, logprobs: { a: 1 } }], debug: 'd' })))
  expect(reader.losses.map(({ path }) => path)).toEqual([
    'debug',
    'choices.0.logprobs',
    'choices.0.message.context',
    'choices.0.message.tool_calls.0',
  ])
})

test('a field of every chunk is listed once', () => {
  expect(streamed(more({ odd: 1 }), more({ odd: 2 }), more({ odd: [3] }))).toEqual(['odd'])
})

test('a hostile answer neither floods the ledger nor breaks its lines', () => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`field${at}`, 1]))
  const lost = streamed(more({ [`a\nb${'x'.repeat(9999)}`]: 1, ...many }))
  expect(lost).toHaveLength(65)
  expect(lost[0]).toMatch(/^a_bx{197}$/)
  expect(lost.at(-1)).toBe('*')
})
