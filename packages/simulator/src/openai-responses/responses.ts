// OpenAI's Responses route, text only: enough for a pass lane, whole and as the proper sequence of events.
import { badRequest, countWords } from '../conversation.ts'
import { splitDeltas } from '../deltas.ts'
import type { ErrorForm } from '../dialect.ts'
import { type Endpoint, refuse, whole } from '../endpoint.ts'
import { type JsonObject, objectsAt, stringAt } from '../json.ts'
import { openaiErrorForm } from '../openai-chat/error-form.ts'

const responsesErrorForm: ErrorForm = {
  ...openaiErrorForm,
  writeErrorEvent: ({ message, status }, inner) => {
    const flat = inner ?? { code: status === 529 ? 'server_is_overloaded' : 'server_error', message, param: null }
    return frame('error', { ...flat })
  },
}

export const responses: Endpoint = {
  errors: responsesErrorForm,
  lastUserText: ({ body }) => lastText(body),
  reply: ({ body, mint }, script) => {
    const model = stringAt(body, 'model') ?? ''
    if (model === '') return refuse(openaiErrorForm, badRequest("Missing required parameter: 'model'.", 'model'), mint)
    if (body['input'] === undefined)
      return refuse(openaiErrorForm, badRequest("Missing required parameter: 'input'.", 'input'), mint)
    const text = script.text ?? lastText(body)
    const part = { type: 'output_text', text, annotations: [], logprobs: [] }
    const item = {
      id: `msg_sim_${mint.serial}`,
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [part],
    }
    const shell = {
      id: `resp_sim_${mint.serial}`,
      object: 'response',
      created_at: mint.created,
      model,
      error: null,
      incomplete_details: null,
      parallel_tool_calls: true,
      tool_choice: 'auto',
      tools: [],
    }
    const usage = script.omitUsage === true ? null : writeUsage(allTexts(body), text)
    const done = { ...shell, status: 'completed', output: [item], usage }
    if (body['stream'] !== true) return whole(done)
    const begun = { ...shell, status: 'in_progress', output: [], usage: null }
    return { kind: 'events', frames: writeFrames(begun, done, item, part, splitDeltas(text, script.chunkSize)) }
  },
}

function writeFrames(
  begun: JsonObject,
  done: JsonObject,
  item: JsonObject,
  part: JsonObject,
  pieces: readonly string[],
): readonly string[] {
  const at = { item_id: item['id'], output_index: 0, content_index: 0 }
  const events: readonly (readonly [string, JsonObject])[] = [
    ['response.created', { response: begun }],
    ['response.in_progress', { response: begun }],
    ['response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } }],
    ['response.content_part.added', { ...at, part: { ...part, text: '' } }],
    ...pieces.map((delta) => ['response.output_text.delta', { ...at, delta, logprobs: [] }] as const),
    ['response.output_text.done', { ...at, text: part['text'], logprobs: [] }],
    ['response.content_part.done', { ...at, part }],
    ['response.output_item.done', { output_index: 0, item }],
    ['response.completed', { response: done }],
  ]
  return events.map(([type, fields], index) => frame(type, { sequence_number: index, ...fields }))
}

function frame(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

function itemText(item: JsonObject): string {
  const content: unknown = item['content']
  if (typeof content === 'string') return content
  return objectsAt(item, 'content')
    .flatMap((part) => stringAt(part, 'text') ?? [])
    .join(' ')
}

function lastText(body: JsonObject): string {
  if (typeof body['input'] === 'string') return body['input']
  const item = objectsAt(body, 'input').findLast((one) => one['role'] === 'user')
  return item === undefined ? '' : itemText(item)
}

function allTexts(body: JsonObject): string {
  const input = typeof body['input'] === 'string' ? body['input'] : objectsAt(body, 'input').map(itemText).join(' ')
  return `${stringAt(body, 'instructions') ?? ''} ${input}`
}

function writeUsage(asked: string, said: string): JsonObject {
  const [input, output] = [countWords(asked), countWords(said)]
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  }
}
