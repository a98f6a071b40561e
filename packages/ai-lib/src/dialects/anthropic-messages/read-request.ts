// Reads a Messages request into the canonical form.
import { type JsonObject, type JsonValue, parseJsonObject } from '../../bytes/json-value.ts'
import type { ChatMessage, ChatRequest } from '../../chat/request.ts'
import { Leftovers } from './leftovers.ts'
import { RawJson } from './raw-json.ts'
import { readContent } from './read-blocks.ts'
import { readOutput, readReasoning } from './read-settings.ts'
import { readToolChoice, readTools } from './read-tools.ts'
import {
  elementObject,
  missing,
  optionalArray,
  optionalBoolean,
  optionalCount,
  optionalNumber,
  optionalObject,
  optionalString,
  pathOf,
  refuse,
  requiredString,
} from './request-fields.ts'

const fields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'metadata',
  'service_tier',
  'stream',
])
const metadataFields: ReadonlySet<string> = new Set(['user_id'])

export function readRequest(bytes: Uint8Array): ChatRequest {
  const body = parseJsonObject(bytes)
  const leftovers = new Leftovers()
  leftovers.addUnknown(body, fields, '')
  let raw: RawJson | undefined
  const rawBody = () => (raw ??= new RawJson(Buffer.from(bytes).toString('utf8')))
  const messages = [...readSystem(body, leftovers), ...readMessages(body, leftovers, rawBody)]
  const request = {
    model: requiredString(body, 'model', ''),
    messages,
    tools: readTools(body, leftovers),
    ...readToolChoice(body),
    ...readSampling(body),
    ...readCaller(body, leftovers),
    ...readAnswerForm(body, leftovers),
    stream: optionalBoolean(body, 'stream', '') ?? false,
    streamUsage: true,
  }
  const rest = leftovers.rest
  return rest === undefined ? request : { ...request, rest }
}

function readSystem(body: JsonObject, leftovers: Leftovers): readonly ChatMessage[] {
  const system = body['system'] ?? ''
  if (system === '') return []
  const parts = readContent(system, { path: 'system', leftovers, raw: () => undefined })
  return parts.length === 0 ? [] : [{ role: 'system', parts }]
}

function readMessages(body: JsonObject, leftovers: Leftovers, rawBody: () => RawJson): readonly ChatMessage[] {
  let rawList: RawJson | undefined
  const raw = (index: number) => (rawList ??= rawBody().field('messages'))?.element(index)?.field('content')
  const messages = optionalArray(body, 'messages', '') ?? missing('messages')
  return messages.map((message, index) => readMessage(message, pathOf('messages', index), leftovers, () => raw(index)))
}

const messageFields: ReadonlySet<string> = new Set(['role', 'content'])

function readMessage(
  value: JsonValue,
  path: string,
  leftovers: Leftovers,
  rawContent: () => RawJson | undefined,
): ChatMessage {
  const message = elementObject(value, path)
  leftovers.addUnknown(message, messageFields, path)
  const role = requiredString(message, 'role', path)
  if (role !== 'user' && role !== 'assistant' && role !== 'system')
    return refuse(pathOf(path, 'role'), 'user, assistant or system')
  let raw: RawJson | undefined
  // One navigation object for all blocks of a message, so that its elements are found once.
  const place = { path: pathOf(path, 'content'), leftovers, raw: () => (raw ??= rawContent()) }
  if ((message['content'] ?? undefined) === undefined) return missing(place.path)
  return { role, parts: readContent(message['content'], place) }
}

function readSampling(body: JsonObject): Partial<ChatRequest> & Pick<ChatRequest, 'stop'> {
  const temperature = optionalNumber(body, 'temperature', '')
  const topP = optionalNumber(body, 'top_p', '')
  const topK = optionalCount(body, 'top_k', '')
  const stop = (optionalArray(body, 'stop_sequences', '') ?? []).map((value, index) =>
    typeof value === 'string' ? value : refuse(pathOf('stop_sequences', index), 'a string'),
  )
  return {
    maxOutputTokens: optionalCount(body, 'max_tokens', '') ?? missing('max_tokens'),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    stop,
  }
}

function readCaller(body: JsonObject, leftovers: Leftovers): Partial<ChatRequest> {
  const metadata = optionalObject(body, 'metadata', '') ?? {}
  leftovers.addUnknown(metadata, metadataFields, 'metadata')
  const user = optionalString(metadata, 'user_id', 'metadata')
  const serviceTier = optionalString(body, 'service_tier', '')
  return {
    ...(user === undefined ? {} : { user }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  }
}

function readAnswerForm(body: JsonObject, leftovers: Leftovers): Partial<ChatRequest> {
  const reasoning = readReasoning(body, leftovers)
  const output = readOutput(body, leftovers)
  return {
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(output === undefined ? {} : { output }),
  }
}
