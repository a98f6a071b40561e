// OpenAI Responses: the last event of a stream holds the whole answer, and the events before it can be told from that.
import { scanJson } from '../bytes/json-scan.ts'
import { isArray, isObject, type JsonObject, type JsonValue, tryParseJson } from '../bytes/json-value.ts'
import { namedEvent } from '../bytes/sse-encoder.ts'
import { eachEvent } from './complete-answer.ts'

const wanted: ReadonlySet<string> = new Set(['type', 'response'])

/** The `response` of `response.completed`, byte for byte. */
export function responsesAsWhole(stream: Uint8Array): Uint8Array | undefined {
  let whole: Buffer | undefined
  eachEvent(stream, ({ bytes, dataStart, dataEnd }) => {
    if (!bytes.subarray(dataStart, dataEnd).includes('response.completed')) return
    const data = Buffer.from(bytes.subarray(dataStart, dataEnd))
    const { fields } = scanJson(data, 'provider_invalid_response', wanted)
    const [type, response] = [fields.get('type'), fields.get('response')]
    const isLast = type && data.toString('utf8', type.valueStart, type.valueEnd) === '"response.completed"'
    if (isLast && response) whole = data.subarray(response.valueStart, response.valueEnd)
  })
  return whole
}

/** The events of OpenAI's API description that lead to this response, each item in one delta. */
export function responsesAsStream(body: Uint8Array): Uint8Array | undefined {
  const response = tryParseJson(Buffer.from(body).toString('utf8'))
  if (!isObject(response)) return undefined
  const writer = new EventWriter()
  const begun = { ...response, status: 'in_progress', output: [], usage: null }
  writer.add('response.created', { response: begun })
  writer.add('response.in_progress', { response: begun })
  for (const [index, item] of objectsIn(response['output']).entries()) writeItem(writer, item, index)
  writer.add('response.completed', { response })
  return Buffer.from(writer.text)
}

class EventWriter {
  text = ''
  #number = 0

  add(type: string, fields: JsonObject): void {
    this.text += namedEvent(type, JSON.stringify({ type, sequence_number: this.#number++, ...fields }))
  }
}

function writeItem(writer: EventWriter, item: JsonObject, index: number): void {
  const place = { item_id: item['id'] ?? '', output_index: index }
  writer.add('response.output_item.added', { output_index: index, item: { ...item, ...opening(item) } })
  switch (item['type']) {
    case 'message':
      for (const [at, part] of objectsIn(item['content']).entries())
        writeContent(writer, part, { ...place, content_index: at })
      break
    case 'function_call':
      writeText(writer, 'response.function_call_arguments', 'arguments', item['arguments'], place)
      break
    case 'custom_tool_call':
      writeText(writer, 'response.custom_tool_call_input', 'input', item['input'], place)
      break
    case 'reasoning':
      writeReasoning(writer, item, place)
      break
    default: // Items of other types have no deltas.
  }
  writer.add('response.output_item.done', { output_index: index, item })
}

/** What an item looks like before any of it was said. Items of other types come whole. */
function opening(item: JsonObject): JsonObject {
  switch (item['type']) {
    case 'message':
      return { status: 'in_progress', content: [] }
    case 'function_call':
      return { status: 'in_progress', arguments: '' }
    case 'custom_tool_call':
      return { input: '' }
    case 'reasoning':
      return { summary: [], ...(item['content'] === undefined ? {} : { content: [] }) }
    default:
      return {}
  }
}

function writeContent(writer: EventWriter, part: JsonObject, place: JsonObject): void {
  const isText = part['type'] === 'output_text'
  writer.add('response.content_part.added', { ...place, part: isText ? { ...part, text: '', annotations: [] } : part })
  if (isText) {
    const logprobs = part['logprobs'] ?? []
    if (part['text']) writer.add('response.output_text.delta', { ...place, delta: part['text'], logprobs })
    for (const [at, annotation] of objectsIn(part['annotations']).entries())
      writer.add('response.output_text.annotation.added', { ...place, annotation_index: at, annotation })
    writer.add('response.output_text.done', { ...place, text: part['text'] ?? '', logprobs })
  }
  writer.add('response.content_part.done', { ...place, part })
}

function writeReasoning(writer: EventWriter, item: JsonObject, place: JsonObject): void {
  for (const [at, part] of objectsIn(item['summary']).entries()) {
    const here = { ...place, summary_index: at }
    writer.add('response.reasoning_summary_part.added', { ...here, part: { ...part, text: '' } })
    writeText(writer, 'response.reasoning_summary_text', 'text', part['text'], here)
    writer.add('response.reasoning_summary_part.done', { ...here, part })
  }
  for (const [at, part] of objectsIn(item['content']).entries())
    writeText(writer, 'response.reasoning_text', 'text', part['text'], { ...place, content_index: at })
}

function writeText(
  writer: EventWriter,
  event: string,
  field: string,
  text: JsonValue | undefined,
  place: JsonObject,
): void {
  if (text) writer.add(`${event}.delta`, { ...place, delta: text })
  writer.add(`${event}.done`, { ...place, [field]: text ?? '' })
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return isArray(value) ? value.filter(isObject) : []
}
