// Says whether an answer is one that somebody else may be given: whole, ended as the model meant, not moderated away.
import { isArray, isObject, type JsonObject, type JsonValue, tryParseJson } from '../bytes/json-value.ts'
import { dataText, SseDecoder, type SseEvent } from '../bytes/sse-decoder.ts'
import type { OperationId } from '../dialects/dialect.ts'

export type AnswerForm = 'whole' | 'stream'

/**
 * Finish reasons after which the answer is what the model wanted to say, as OpenAI and those compatible with it write
 * them. A closed list: `length`, `content_filter` and words that nobody here knows are not in it.
 */
const finished: ReadonlySet<JsonValue | undefined> = new Set([
  'stop',
  'tool_calls',
  'function_call',
  'eos',
  'end_turn',
  'complete',
])
/** The same of Anthropic: not `max_tokens`, `pause_turn`, `refusal`. */
const stopped: ReadonlySet<JsonValue | undefined> = new Set(['end_turn', 'stop_sequence', 'tool_use'])

/** @param bytes the whole body, or all bytes of a stream, in the dialect of the operation. */
export function isCompleteAnswer(operation: OperationId, form: AnswerForm, bytes: Uint8Array): boolean {
  return form === 'whole' ? isCompleteBody(operation, objectOf(bytes)) : isCompleteStream(operation, framesOf(bytes))
}

/** The JSON frames of a stream in their order; those that are no JSON object (`[DONE]`) are left out. */
export function framesOf(bytes: Uint8Array): readonly JsonObject[] {
  const frames: JsonObject[] = []
  eachEvent(bytes, (event) => {
    const frame = tryParseJson(dataText(event))
    if (isObject(frame)) frames.push(frame)
  })
  return frames
}

/** Calls `look` for every event of a stream that carries data. */
export function eachEvent(bytes: Uint8Array, look: (event: SseEvent) => void): void {
  new SseDecoder().push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), (event) => {
    if (event.hasData) look(event)
  })
}

function objectOf(bytes: Uint8Array): JsonObject {
  const value = tryParseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  return isObject(value) ? value : {}
}

function isCompleteBody(operation: OperationId, body: JsonObject): boolean {
  switch (operation) {
    case 'chat':
    case 'completions':
      return objectsIn(body['choices']).length > 0 && objectsIn(body['choices']).every(isFinished)
    case 'messages':
      return stopped.has(body['stop_reason'])
    case 'responses':
      return isCompletedResponse(body)
    case 'embeddings':
      return objectsIn(body['data']).length > 0
    case 'count-tokens':
      return typeof body['input_tokens'] === 'number'
  }
}

function isCompleteStream(operation: OperationId, frames: readonly JsonObject[]): boolean {
  switch (operation) {
    case 'chat':
    case 'completions':
      return isFinishedStream(frames)
    case 'messages':
      return isStoppedStream(frames)
    case 'responses':
      return frames.some(({ type, response }) => type === 'response.completed' && isCompletedResponse(response))
    case 'embeddings':
    case 'count-tokens':
      return false // They have no streams.
  }
}

function isFinished(choice: JsonObject): boolean {
  return finished.has(choice['finish_reason']) && !isRefused(choice['message'])
}

function isRefused(message: JsonValue | undefined): boolean {
  return isObject(message) && typeof message['refusal'] === 'string' && message['refusal'] !== ''
}

// Each choice that was begun must have ended well.
function isFinishedStream(frames: readonly JsonObject[]): boolean {
  const ends = new Map<JsonValue | undefined, JsonValue | undefined>()
  for (const frame of frames)
    for (const choice of objectsIn(frame['choices'])) {
      if (isRefused(choice['delta'])) return false
      const index = choice['index'] ?? 0
      ends.set(index, choice['finish_reason'] ?? ends.get(index))
    }
  return ends.size > 0 && [...ends.values()].every((end) => finished.has(end))
}

function isStoppedStream(frames: readonly JsonObject[]): boolean {
  const told = frames.findLast(({ type }) => type === 'message_delta')?.['delta']
  return isObject(told) && stopped.has(told['stop_reason']) && frames.some(({ type }) => type === 'message_stop')
}

function isCompletedResponse(response: JsonValue | undefined): boolean {
  if (!isObject(response) || response['status'] !== 'completed') return false
  const parts = objectsIn(response['output']).flatMap((item) => objectsIn(item['content']))
  return parts.every(({ type }) => type !== 'refusal')
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return isArray(value) ? value.filter(isObject) : []
}
