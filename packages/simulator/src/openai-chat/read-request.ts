// Reads a chat-completions request the way the real service does, refusals of malformed conversations included.
import {
  type BadRequest,
  badRequest,
  type Conversation,
  type MediaNote,
  type OutputForm,
  type ToolPolicy,
} from '../conversation.ts'
import { isObject, type JsonObject, numberAt, objectAt, objectsAt, stringAt } from '../json.ts'
import { noteOfBase64, noteOfUrl } from '../media-note.ts'
import { cacheMark, type PromptText, sumPromptWords } from '../prompt-words.ts'

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function']

export function readRequest(body: JsonObject): Conversation | BadRequest {
  const messages = objectsAt(body, 'messages')
  const flaw = findFlaw(body, messages)
  if (flaw !== undefined) return flaw
  const lastUser = messages.findLast((message) => message['role'] === 'user')
  const parts = messages.flatMap(partsOf)
  const tools = objectsAt(body, 'tools').map((tool) => stringAt(objectAt(tool, 'function') ?? {}, 'name') ?? '')
  const effort = stringAt(body, 'reasoning_effort')
  return {
    model: stringAt(body, 'model') ?? '',
    stream: body['stream'] === true,
    streamsUsage: objectAt(body, 'stream_options')?.['include_usage'] === true,
    lastUserText: lastUser === undefined ? '' : textOf(lastUser),
    toolResults: openToolResults(messages),
    media: parts.flatMap(mediaOf),
    words: sumPromptWords(promptTexts(body, messages)),
    toolNames: tools,
    toolPolicy: readToolPolicy(body['tool_choice']),
    parallelTools: body['parallel_tool_calls'] !== false,
    reasoning: (effort !== undefined && effort !== 'none') || objectAt(body, 'thinking')?.['type'] === 'enabled',
    output: readOutputForm(objectAt(body, 'response_format')),
    maxTokens: numberAt(body, 'max_completion_tokens') ?? numberAt(body, 'max_tokens'),
    stopSequences: [body['stop']].flat().filter((stop) => typeof stop === 'string'),
    choices: numberAt(body, 'n') ?? 1,
  }
}

function findFlaw(body: JsonObject, messages: readonly JsonObject[]): BadRequest | undefined {
  const list: unknown = body['messages']
  if (typeof body['model'] !== 'string' || body['model'] === '')
    return badRequest('you must provide a model parameter', 'model')
  if (list === undefined) return badRequest("Missing required parameter: 'messages'.", 'messages')
  if (!Array.isArray(list)) return badRequest("Invalid type for 'messages': expected an array of objects.", 'messages')
  if (list.length === 0)
    return badRequest("Invalid 'messages': empty array. Expected an array with minimum length 1.", 'messages')
  if (messages.length < list.length)
    return badRequest("Invalid type for 'messages': every message must be an object.", 'messages')
  return findNumberFlaw(body) ?? findMessageFlaw(messages)
}

function findNumberFlaw(body: JsonObject): BadRequest | undefined {
  const limits = [
    ['temperature', 0, 2],
    ['top_p', 0, 1],
    ['max_tokens', 1, Infinity],
    ['max_completion_tokens', 1, Infinity],
    ['n', 1, 128],
  ] as const
  for (const [name, least, most] of limits) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'number') return badRequest(`Invalid type for '${name}': expected a number.`, name)
    if (value < least || value > most)
      return badRequest(`Invalid '${name}': ${value} is outside the accepted range.`, name)
  }
  return undefined
}

function findMessageFlaw(messages: readonly JsonObject[]): BadRequest | undefined {
  let openCalls: readonly string[] = []
  for (const [index, message] of messages.entries()) {
    const role = stringAt(message, 'role')
    const path = `messages.[${index}]`
    if (role === undefined || !ROLES.includes(role))
      return badRequest(`Invalid value for '${path}.role': ${JSON.stringify(message['role'])}.`, `${path}.role`)
    if (role === 'tool') {
      const id = stringAt(message, 'tool_call_id')
      if (id === undefined)
        return badRequest(`Missing required parameter: '${path}.tool_call_id'.`, `${path}.tool_call_id`)
      if (!openCalls.includes(id))
        return badRequest(
          "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
          `${path}.role`,
        )
      openCalls = openCalls.filter((open) => open !== id)
      continue
    }
    if (openCalls.length > 0)
      return badRequest(
        `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. Without a response: ${openCalls.join(', ')}`,
        `${path}.role`,
      )
    openCalls = role === 'assistant' ? objectsAt(message, 'tool_calls').map((call) => stringAt(call, 'id') ?? '') : []
    if (role !== 'assistant' && typeof message['content'] !== 'string' && !Array.isArray(message['content']))
      return badRequest(`Invalid value for '${path}.content': expected a string or a list of parts.`, `${path}.content`)
  }
  return undefined
}

function partsOf(message: JsonObject): readonly JsonObject[] {
  const content: unknown = message['content']
  return typeof content === 'string' ? [{ type: 'text', text: content }] : objectsAt(message, 'content')
}

function textOf(message: JsonObject): string {
  return partsOf(message)
    .flatMap((part) => stringAt(part, 'text') ?? [])
    .join(' ')
}

function openToolResults(messages: readonly JsonObject[]): readonly string[] {
  const lastOther = messages.findLastIndex((message) => message['role'] !== 'tool' && message['role'] !== 'user')
  return messages.slice(lastOther + 1).flatMap((message) => (message['role'] === 'tool' ? [textOf(message)] : []))
}

function promptTexts(body: JsonObject, messages: readonly JsonObject[]): readonly PromptText[] {
  const texts = messages.flatMap((message) =>
    partsOf(message).map(
      (part) => ({ text: stringAt(part, 'text') ?? '', from: fromOf(message), mark: cacheMark(part) }) as const,
    ),
  )
  // OpenAI caches without marks; a cache key stands in for one at the end of the system text.
  const systemEnd = body['prompt_cache_key'] === undefined ? -1 : texts.findLastIndex((one) => one.from === 'system')
  return texts.map((one, index) => (index === systemEnd ? { ...one, mark: '5m' } : one))
}

function fromOf(message: JsonObject): 'system' | 'messages' {
  return message['role'] === 'system' || message['role'] === 'developer' ? 'system' : 'messages'
}

function mediaOf(part: JsonObject): readonly MediaNote[] {
  const image = objectAt(part, 'image_url')
  if (image !== undefined) return [noteOfUrl('image', stringAt(image, 'url') ?? '')]
  const audio = objectAt(part, 'input_audio')
  if (audio !== undefined)
    return [noteOfBase64('audio', `audio/${stringAt(audio, 'format') ?? ''}`, stringAt(audio, 'data') ?? '')]
  const file = objectAt(part, 'file')
  if (file !== undefined) return [noteOfUrl('document', stringAt(file, 'file_data') ?? stringAt(file, 'file_id') ?? '')]
  return []
}

function readToolPolicy(choice: unknown): ToolPolicy {
  if (choice === 'none') return { kind: 'none' }
  if (choice === 'required') return { kind: 'any' }
  const name = isObject(choice) ? stringAt(objectAt(choice, 'function') ?? {}, 'name') : undefined
  return name === undefined ? { kind: 'auto' } : { kind: 'one', name }
}

function readOutputForm(format: JsonObject | undefined): OutputForm {
  if (format?.['type'] === 'json_object') return { kind: 'json' }
  if (format?.['type'] !== 'json_schema') return { kind: 'text' }
  return { kind: 'schema', schema: objectAt(objectAt(format, 'json_schema') ?? {}, 'schema') ?? {} }
}
