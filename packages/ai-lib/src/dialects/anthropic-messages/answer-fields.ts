// The fields of an answer that a reader carries, and those that no client misses.
import { isArray, isObject } from '../../bytes/json-value.ts'
import { fieldsOf, type Claim, type Fields } from '../unread-fields.ts'

const isText: Claim = (value) => typeof value === 'string'
const isNumber: Claim = (value) => typeof value === 'number'

const isOwnPass: Claim = (pass) => isObject(pass) && pass['type'] === 'message'

function isOneOf(...words: readonly string[]): Claim {
  return (value) => typeof value === 'string' && words.includes(value)
}

/** What is left out without a line on the ledger, and why nobody misses it. */
const metadata = {
  message: {
    type: 'Names the kind of the answer, for which every dialect has a word of its own.',
    role: 'An answer is always the assistant’s.',
  },
  frame: {
    type: 'What the frame is read by.',
    index: 'The order of blocks is that of their parts.',
    'amazon-bedrock-invocationMetrics': 'Counts and timing of the provider, told in the last frame.',
  },
  block: {
    type: 'What the block is read by.',
  },
} as const

const frame = (carried: Readonly<Record<string, Claim>>) => fieldsOf(carried, metadata.frame)

/** By the type of the frame. `message_delta` may name fields of the message beside its `delta`. */
export const frameFields: ReadonlyMap<string, Fields> = new Map([
  ['message_start', frame({ message: isObject })],
  ['content_block_start', frame({ content_block: isObject })],
  ['content_block_delta', frame({ delta: isObject })],
  ['content_block_stop', frame({})],
  ['message_delta', frame({ delta: isObject, usage: isObject })],
  ['message_stop', frame({})],
])

export const messageFields = fieldsOf(
  {
    id: isText,
    model: isText,
    content: isArray,
    stop_reason: isText,
    stop_sequence: isText,
    stop_details: isObject,
    usage: isObject,
  },
  metadata.message,
)

export const stopDetailFields = fieldsOf({ type: isOneOf('refusal'), explanation: isText }, {})

export const usageFields = fieldsOf(
  {
    input_tokens: isNumber,
    cache_read_input_tokens: isNumber,
    cache_creation_input_tokens: isNumber,
    cache_creation: isObject,
    output_tokens: isNumber,
    output_tokens_details: isObject,
    // What is told of every answer that asked for nothing else.
    service_tier: isOneOf('standard'),
    inference_geo: isOneOf('global', 'not_available'),
    // The one pass over the model that most answers are, told again; with more than one, the split is lost.
    iterations: (value) => isArray(value) && value.length === 1 && isOwnPass(value[0] ?? null),
  },
  {},
)

// One sum is carried. Writes that last an hour cost more than it tells.
export const cacheCreationFields = fieldsOf({ ephemeral_5m_input_tokens: isNumber }, {})
export const outputDetailFields = fieldsOf({ thinking_tokens: isNumber }, {})

/** By the type of the block; blocks of other types are carried whole. */
export const blockFields: ReadonlyMap<string, Fields> = new Map([
  ['text', fieldsOf({ text: isText, citations: isArray }, metadata.block)],
  ['thinking', fieldsOf({ thinking: isText, signature: isText }, metadata.block)],
  ['redacted_thinking', fieldsOf({ data: isText }, metadata.block)],
  [
    'tool_use',
    fieldsOf(
      {
        id: isText,
        name: isText,
        input: isObject,
        // `direct` is what every call says that the model made itself.
        caller: (value) => isObject(value) && value['type'] === 'direct',
      },
      metadata.block,
    ),
  ],
])

const told = (carried: Readonly<Record<string, Claim>>) => fieldsOf(carried, metadata.block)

/** By the type of the block, then of the delta. */
export const deltaFields: ReadonlyMap<string, ReadonlyMap<string, Fields>> = new Map([
  [
    'text',
    new Map([
      ['text_delta', told({ text: isText })],
      ['citations_delta', told({ citation: isObject })],
    ]),
  ],
  [
    'thinking',
    new Map([
      ['thinking_delta', told({ thinking: isText })],
      ['signature_delta', told({ signature: isText })],
    ]),
  ],
  ['redacted_thinking', new Map()],
  ['tool_use', new Map([['input_json_delta', told({ partial_json: isText })]])],
])
