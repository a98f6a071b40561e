// Request messages: OpenAI's roles become canonical messages; runs of tool messages become one user message.
import { isArray, type JsonObject } from '../../bytes/json-value.ts'
import { toolCallId, type Citation, type Part, type ToolCallId } from '../../chat/parts.ts'
import type { ChatMessage } from '../../chat/request.ts'
import { readCacheMark } from './cache-mark.ts'
import { readCitation } from './citations.ts'
import { readContent } from './read-content.ts'
import { readDetails } from './reasoning-details.ts'
import {
  below,
  objectsIn,
  optionalArray,
  optionalObject,
  optionalString,
  refuse,
  requiredObject,
  requiredString,
} from './request-field.ts'

/** @throws AiError `caller_invalid_request` naming the path of what is wrong. */
export function readMessages(request: JsonObject): readonly ChatMessage[] {
  const entries = objectsIn(request, 'messages', '')
  if (entries.length === 0) return refuse('messages', 'an array with at least one message')
  const reader = new MessagesReader()
  for (const { value, path } of entries) reader.add(value, path)
  return reader.messages
}

class MessagesReader {
  readonly messages: ChatMessage[] = []
  #results: Part[] | undefined
  /** The legacy function call that waits for its result; it has no id of its own. */
  #waiting: ToolCallId | undefined
  #functionCalls = 0

  add(message: JsonObject, path: string): void {
    const role = requiredString(message, 'role', path)
    if (role === 'tool' || role === 'function') this.#addResult(role, message, path)
    else {
      this.#results = undefined
      this.messages.push(this.#read(role, message, path))
    }
  }

  #addResult(role: 'tool' | 'function', message: JsonObject, path: string): void {
    const callId = role === 'tool' ? toolCallId(requiredString(message, 'tool_call_id', path)) : this.#functionId()
    const result: Part = {
      type: 'tool-result',
      callId,
      parts: readContent(message, path),
      isError: false,
      ...readCacheMark(message, path),
    }
    if (this.#results === undefined) {
      this.#results = []
      this.messages.push({ role: 'user', parts: this.#results })
    }
    this.#results.push(result)
  }

  #functionId(): ToolCallId {
    const id = this.#waiting ?? toolCallId(`function_call_${this.#functionCalls++}`)
    this.#waiting = undefined
    return id
  }

  #read(role: string, message: JsonObject, path: string): ChatMessage {
    const name = optionalString(message, 'name', path)
    const named = name === undefined ? {} : { name }
    switch (role) {
      case 'system':
      case 'developer':
        return { role: 'system', parts: withMark(readContent(message, path), message, path), ...named }
      case 'user':
        return { role: 'user', parts: withMark(readContent(message, path), message, path), ...named }
      case 'assistant':
        return { role: 'assistant', parts: this.#assistantParts(message, path), ...named }
      default:
        return refuse(below(path, 'role'), 'one of system, developer, user, assistant, tool, function')
    }
  }

  #assistantParts(message: JsonObject, path: string): readonly Part[] {
    const content = withCitations(readContent(message, path), message)
    const calls = objectsIn(message, 'tool_calls', path).map(({ value, path: at }) => readCall(value, at))
    const functionCall = this.#functionCall(message, path)
    const hasMore = calls.length + functionCall.length > 0 || optionalString(message, 'refusal', path) !== undefined
    // Frameworks send `content: ""` beside tool calls where null is meant.
    const texts = hasMore ? content.filter((part) => part.type !== 'text' || part.text !== '') : content
    const parts = [
      ...readReasoning(message, path),
      ...texts,
      ...readRefusal(message, path),
      ...readVoice(message, path),
    ]
    return [...withMark(parts, message, path), ...calls, ...functionCall]
  }

  #functionCall(message: JsonObject, path: string): readonly Part[] {
    const call = optionalObject(message, 'function_call', path)
    if (call === undefined) return []
    const callId = toolCallId(`function_call_${this.#functionCalls++}`)
    this.#waiting = callId
    return [{ type: 'tool-call', callId, ...nameAndArguments(call, below(path, 'function_call')) }]
  }
}

// A mark on the message itself stands for its last part (LiteLLM's convention for string content).
function withMark(parts: readonly Part[], message: JsonObject, path: string): readonly Part[] {
  const mark = readCacheMark(message, path)
  const last = parts.at(-1)
  if (mark.cache === undefined || last === undefined) return parts
  if (last.type !== 'text' && last.type !== 'media') return parts
  return [...parts.slice(0, -1), { ...last, ...mark }]
}

function withCitations(parts: readonly Part[], message: JsonObject): readonly Part[] {
  const annotations = message['annotations']
  const citations: readonly Citation[] = isArray(annotations)
    ? annotations.flatMap((one) => readCitation(one) ?? [])
    : []
  if (citations.length === 0) return parts
  const first = parts.findIndex((part) => part.type === 'text')
  return parts.map((part, index) => (index === first && part.type === 'text' ? { ...part, citations } : part))
}

function readReasoning(message: JsonObject, path: string): readonly Part[] {
  const details = optionalArray(message, 'reasoning_details', path)
  if (details !== undefined && details.length > 0) return readDetails(details)
  const text = optionalString(message, 'reasoning_content', path) ?? optionalString(message, 'reasoning', path) ?? ''
  return text === '' ? [] : [{ type: 'reasoning', text }]
}

function readRefusal(message: JsonObject, path: string): readonly Part[] {
  const text = optionalString(message, 'refusal', path) ?? ''
  return text === '' ? [] : [{ type: 'refusal', text }]
}

// A past spoken answer is named by an id that only its provider knows.
function readVoice(message: JsonObject, path: string): readonly Part[] {
  const audio = optionalObject(message, 'audio', path)
  return audio === undefined
    ? []
    : [{ type: 'opaque', opaque: { dialect: 'openai-chat', json: JSON.stringify({ audio }) } }]
}

function readCall(call: JsonObject, path: string): Part {
  const type = optionalString(call, 'type', path) ?? 'function'
  if (type !== 'function') return { type: 'opaque', opaque: { dialect: 'openai-chat', json: JSON.stringify(call) } }
  const callId = toolCallId(requiredString(call, 'id', path))
  const body = requiredObject(call, 'function', path)
  return { type: 'tool-call', callId, ...nameAndArguments(body, below(path, 'function')), ...readCacheMark(call, path) }
}

function nameAndArguments(call: JsonObject, path: string): { readonly name: string; readonly argsJson: string } {
  return { name: requiredString(call, 'name', path), argsJson: optionalString(call, 'arguments', path) ?? '' }
}
