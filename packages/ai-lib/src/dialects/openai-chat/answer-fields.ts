// The fields of an answer that a reader carries, and those that no client misses.
import { isArray, isObject, type JsonValue } from '../../bytes/json-value.ts'
import { fieldsOf, type Claim } from '../unread-fields.ts'

const isText: Claim = (value) => typeof value === 'string'
const isNumber: Claim = (value) => typeof value === 'number'
const isContent: Claim = (value) => isText(value) || isArray(value)
const isArguments: Claim = (value) => isText(value) || isObject(value)
const whatever: Claim = () => true

function isOneOf(...words: readonly string[]): Claim {
  return (value) => typeof value === 'string' && words.includes(value)
}

// Azure rates every answer; only a rating that is not harmless tells something.
const isHarmless: Claim = (value) => isObject(value) && Object.values(value).every(isHarmlessRating)

function isHarmlessRating(rating: JsonValue | undefined): boolean {
  if (!isObject(rating) || rating['filtered'] === true || rating['detected'] === true) return false
  return (rating['severity'] ?? 'safe') === 'safe'
}

const isHarmlessPrompt: Claim = (value) =>
  isArray(value) &&
  value.every(
    (entry) => isObject(entry) && isHarmless(entry['content_filter_results'] ?? entry['content_filter_result'] ?? {}),
  )

/** What is left out without a line on the ledger, and why nobody misses it. */
const metadata = {
  chunk: {
    object: 'Names the kind of the answer, for which every dialect has a word of its own.',
    system_fingerprint: 'Names the build of the backend.',
    obfuscation: 'Random padding against guesses from the length of frames.',
    provider: 'OpenRouter: whom it asked; which upstream answered is for the gateway to tell.',
  },
  choice: {
    native_finish_reason: 'OpenRouter: the finish reason once more, in the word of whom it asked.',
    seed: 'Together: the seed it drew where none was given.',
  },
  groq: {
    id: 'The id of the request in the provider’s log; its header tells it too.',
    seed: 'The seed it drew where none was given.',
  },
  usage: {
    total_tokens: 'The sum of what is carried.',
    prompt_cache_miss_tokens: 'DeepSeek: the prompt without its cached tokens.',
    queue_time: 'Timing of the provider.',
    prompt_time: 'Timing of the provider.',
    completion_time: 'Timing of the provider.',
    total_time: 'Timing of the provider.',
  },
  details: {
    text_tokens: 'What remains of the total after the other kinds.',
  },
  toolCall: {
    index: 'The order of calls is that of their parts.',
  },
  reasoningDetail: {
    format: 'Says how to read the seal, which is read.',
    id: 'Names a piece of reasoning whose text and seal are carried.',
    index: 'The order of details is that of their parts.',
  },
} as const

export const chunkFields = fieldsOf(
  {
    id: isText,
    model: isText,
    created: isNumber,
    choices: isArray,
    usage: isObject,
    x_groq: isObject,
    citations: isArray,
    search_results: isArray,
    service_tier: isOneOf('default', 'standard', 'auto', 'on_demand'),
    prompt_filter_results: isHarmlessPrompt,
    prompt_annotations: isHarmlessPrompt,
  },
  metadata.chunk,
)

export const groqFields = fieldsOf({ usage: isObject }, metadata.groq)

export const choiceFields = fieldsOf(
  {
    index: isNumber,
    // Perplexity repeats the whole message so far beside each delta.
    delta: isObject,
    message: isObject,
    finish_reason: isText,
    usage: isObject,
    content_filter_results: isHarmless,
    // SGLang and vLLM: the number of the token that ended the answer; a text is the stop sequence that did.
    matched_stop: isNumber,
    stop_reason: isNumber,
  },
  metadata.choice,
)

export const messageFields = fieldsOf(
  {
    role: isText,
    content: isContent,
    refusal: isText,
    reasoning_content: isText,
    reasoning: isText,
    reasoning_details: isArray,
    annotations: isArray,
    tool_calls: isArray,
    function_call: isObject,
    // Carried whole, as only this dialect knows them.
    audio: isObject,
    images: isArray,
  },
  {},
)

export const textFields = fieldsOf({ type: isText, text: isText }, {})
export const thinkingFields = fieldsOf(
  {
    type: isText,
    thinking: (value) => isText(value) || (isArray(value) && value.every(isThought)),
    // Mistral: whether more thinking follows, which the end of the part tells.
    closed: whatever,
  },
  {},
)
export const refusalFields = fieldsOf({ type: isText, refusal: isText }, {})

function isThought(value: JsonValue): boolean {
  return isObject(value) && isText(value['text'] ?? null)
}

export const reasoningDetailFields = fieldsOf(
  { type: isText, text: isText, summary: isText, signature: isText, data: isText },
  metadata.reasoningDetail,
)

export const toolCallFields = fieldsOf(
  { id: isText, type: isOneOf('function', 'custom'), function: isObject, custom: isObject },
  metadata.toolCall,
)
export const functionFields = fieldsOf({ name: isText, arguments: isArguments }, {})
export const customFields = fieldsOf({ name: isText, input: isText }, {})

export const usageFields = fieldsOf(
  {
    prompt_tokens: isNumber,
    completion_tokens: isNumber,
    prompt_tokens_details: isObject,
    completion_tokens_details: isObject,
    prompt_cache_hit_tokens: isNumber,
    cached_tokens: isNumber,
    reasoning_tokens: isNumber,
  },
  metadata.usage,
)
export const promptDetailFields = fieldsOf(
  {
    cached_tokens: isNumber,
    cache_write_tokens: isNumber,
    cache_creation_tokens: isNumber,
    cache_creation_input_tokens: isNumber,
    audio_tokens: isNumber,
  },
  metadata.details,
)
export const completionDetailFields = fieldsOf({ reasoning_tokens: isNumber, audio_tokens: isNumber }, metadata.details)
