// Names the type of a stream frame without parsing it where its place is known.
import { dataText, type SseEvent } from '../../bytes/sse-decoder.ts'
import { isObject, stringAt, tryParseJson } from '../../bytes/json-value.ts'

const knownTypes: ReadonlySet<string> = new Set([
  'message_start',
  'message_delta',
  'message_stop',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'ping',
  'error',
])

const prefix = Buffer.from('{"type":"')
const longestType = 40

/** The frame's type; undefined where its data is no JSON object with a type. */
export function frameType(event: SseEvent): string | undefined {
  // The `event:` line is what SDKs route on; gateways that leave it out, or name all frames `message`, still have the data.
  if (knownTypes.has(event.type)) return event.type
  return typeByPrefix(event) ?? typeByParsing(event)
}

function typeByPrefix(event: SseEvent): string | undefined {
  const { bytes, dataStart, dataEnd } = event
  const start = dataStart + prefix.length
  if (start >= dataEnd || bytes.compare(prefix, 0, prefix.length, dataStart, start) !== 0) return undefined
  const end = bytes.indexOf(0x22, start)
  return end === -1 || end >= dataEnd || end - start > longestType ? undefined : bytes.toString('latin1', start, end)
}

function typeByParsing(event: SseEvent): string | undefined {
  const value = tryParseJson(dataText(event))
  if (!isObject(value)) return undefined
  // Some gateways fail a stream in OpenAI's form.
  return stringAt(value, 'type') ?? (isObject(value['error']) ? 'error' : undefined)
}
