// A chat completions request as a canonical one; what only OpenAI knows stays together in `rest`.
import { isArray, isObject, parseJsonObject, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { ChatRequest, OutputFormat, ReasoningRequest } from '../../chat/request.ts'
import { AiError } from '../../errors/ai-error.ts'
import { readMessages } from './read-message.ts'
import { readToolChoice, readTools } from './read-tools.ts'
import {
  below,
  optionalBoolean,
  optionalCount,
  optionalNumber,
  optionalObject,
  optionalString,
  refuse,
  requiredObject,
  requiredString,
} from './request-field.ts'

/** Fields that the canonical request has a place for. */
const known: ReadonlySet<string> = new Set(
  [
    'model messages tools functions tool_choice function_call parallel_tool_calls response_format',
    'max_tokens max_completion_tokens temperature top_p top_k stop reasoning_effort reasoning thinking',
    'user safety_identifier service_tier stream stream_options',
  ].flatMap((names) => names.split(' ')),
)

/** Values that say what a provider does anyway: leaving them out loses nothing. */
const neutral: Readonly<Record<string, string>> = {
  n: '1',
  presence_penalty: '0',
  frequency_penalty: '0',
  logprobs: 'false',
  top_logprobs: '0',
  store: 'false',
  metadata: '{}',
  logit_bias: '{}',
  modalities: '["text"]',
  verbosity: '"medium"',
}

/** @throws AiError `caller_invalid_request` or `caller_missing_field` with the path as `param`. */
export function readRequest(body: Uint8Array): ChatRequest {
  const request = parseJsonObject(body)
  if (request['messages'] === undefined || request['messages'] === null)
    throw new AiError('caller_missing_field', { message: 'messages is required.', param: 'messages' })
  const choice = readToolChoice(request)
  const reasoning = readReasoning(request)
  const options = optionalObject(request, 'stream_options', '') ?? {}
  return {
    model: requiredString(request, 'model', ''),
    messages: readMessages(request),
    tools: readTools(request),
    ...(choice.toolChoice === undefined ? {} : { toolChoice: choice.toolChoice }),
    ...readOutput(request),
    ...readSettings(request),
    stop: readStop(request),
    ...(reasoning.request === undefined ? {} : { reasoning: reasoning.request }),
    stream: optionalBoolean(request, 'stream', '') ?? false,
    streamUsage: optionalBoolean(options, 'include_usage', 'stream_options') ?? false,
    ...readRest(request, {
      tool_choice: choice.rest,
      reasoning: reasoning.rest,
      stream_options: without(options, ['include_usage']),
    }),
  }
}

type Settings = Pick<
  ChatRequest,
  'parallelToolCalls' | 'maxOutputTokens' | 'temperature' | 'topP' | 'topK' | 'user' | 'serviceTier'
>

function readSettings(request: JsonObject): Settings {
  const parallelToolCalls = optionalBoolean(request, 'parallel_tool_calls', '')
  const newer = optionalCount(request, 'max_completion_tokens', '')
  const maxOutputTokens = newer ?? optionalCount(request, 'max_tokens', '')
  const temperature = optionalNumber(request, 'temperature', '')
  const topP = optionalNumber(request, 'top_p', '')
  const topK = optionalNumber(request, 'top_k', '')
  const safety = optionalString(request, 'safety_identifier', '')
  const user = optionalString(request, 'user', '') ?? safety
  const serviceTier = optionalString(request, 'service_tier', '')
  return {
    ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(user === undefined ? {} : { user }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  }
}

function readStop(request: JsonObject): readonly string[] {
  const stop = request['stop']
  if (stop === undefined || stop === null) return []
  if (typeof stop === 'string') return [stop]
  if (!isArray(stop)) return refuse('stop', 'a string or an array of strings')
  return stop.map((entry, index) => (typeof entry === 'string' ? entry : refuse(below('stop', index), 'a string')))
}

function readOutput(request: JsonObject): { readonly output?: OutputFormat } {
  const format = optionalObject(request, 'response_format', '')
  if (format === undefined) return {}
  const type = requiredString(format, 'type', 'response_format')
  if (type === 'text') return { output: { type: 'text' } }
  if (type === 'json_object') return { output: { type: 'json' } }
  if (type !== 'json_schema') return refuse('response_format.type', 'text, json_object or json_schema')
  const form = requiredObject(format, 'json_schema', 'response_format')
  const path = 'response_format.json_schema'
  const strict = optionalBoolean(form, 'strict', path)
  const description = optionalString(form, 'description', path)
  return {
    output: {
      type: 'json-schema',
      name: requiredString(form, 'name', path),
      schema: optionalObject(form, 'schema', path) ?? {},
      ...(strict === undefined ? {} : { strict }),
      ...(description === undefined ? {} : { description }),
    },
  }
}

// OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, and `thinking` as LiteLLM and DeepSeek take it.
function readReasoning(request: JsonObject): { request?: ReasoningRequest; rest?: JsonObject } {
  const wide = optionalObject(request, 'reasoning', '') ?? {}
  const thinking = optionalObject(request, 'thinking', '')
  const effort = optionalString(request, 'reasoning_effort', '') ?? optionalString(wide, 'effort', 'reasoning')
  const budgetTokens =
    optionalCount(wide, 'max_tokens', 'reasoning') ??
    (thinking === undefined ? undefined : optionalCount(thinking, 'budget_tokens', 'thinking'))
  const type = thinking === undefined ? undefined : optionalString(thinking, 'type', 'thinking')
  const enabled =
    optionalBoolean(wide, 'enabled', 'reasoning') ?? (type === undefined ? undefined : type !== 'disabled')
  const read: ReasoningRequest = {
    ...(effort === undefined ? {} : { effort }),
    ...(budgetTokens === undefined ? {} : { budgetTokens }),
    ...(enabled === undefined ? {} : { enabled }),
  }
  const rest = without(wide, ['effort', 'max_tokens', 'enabled'])
  return Object.keys(read).length === 0 ? { rest } : { request: read, rest }
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key, value]) => !keys.includes(key) && value !== null))
}

function readRest(
  request: JsonObject,
  leftovers: Readonly<Record<string, JsonValue | undefined>>,
): Pick<ChatRequest, 'rest'> {
  const rest: Record<string, JsonValue> = {}
  for (const [key, value] of Object.entries(request))
    if (value !== undefined && value !== null && !known.has(key) && neutral[key] !== JSON.stringify(value))
      rest[key] = value
  const safety = request['safety_identifier']
  if (typeof request['user'] === 'string' && typeof safety === 'string' && request['user'] !== safety)
    rest['safety_identifier'] = safety
  for (const [key, value] of Object.entries(leftovers))
    if (value !== undefined && !(isObject(value) && Object.keys(value).length === 0)) rest[key] = value
  return Object.keys(rest).length === 0 ? {} : { rest: { dialect: 'openai-chat', json: JSON.stringify(rest) } }
}
