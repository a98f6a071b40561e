// What routing needs of a Responses request: `model` and `stream`, straight from the bytes.
import { type JsonScan, scanJson } from '../../bytes/json-scan.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { Head } from '../dialect.ts'

const wanted: ReadonlySet<string> = new Set(['model', 'stream'])
const counted: ReadonlySet<string> = new Set(['input', 'tools'])

/** @throws AiError where the body is no JSON object, or `model`/`stream` is absent, doubled, escaped or of the wrong type. */
export function peekHead(body: Uint8Array): Head {
  const scan = scanJson(body, 'caller_invalid_json', wanted, counted)
  if (scan.closing === -1) throw new AiError('caller_invalid_json', { message: 'It must be a JSON object.' })
  const { model, modelSpan } = readModel(body, scan)
  const { counts } = scan
  return { model, modelSpan, stream: readStream(body, scan), messages: counts.get('input'), tools: counts.get('tools') }
}

function readModel(body: Uint8Array, scan: JsonScan): Pick<Head, 'model' | 'modelSpan'> {
  const field = scan.fields.get('model')
  // OpenAI lets a stored prompt bring its model along; here nothing could be routed by it.
  if (field === undefined) throw new AiError('caller_missing_field', { message: 'model is required.', param: 'model' })
  const model = valueAt(body, field.valueStart, field.valueEnd)
  if (typeof model !== 'string' || model === '')
    throw new AiError('caller_invalid_request', { message: 'model must be a non-empty string.', param: 'model' })
  return { model, modelSpan: { start: field.valueStart, end: field.valueEnd } }
}

function readStream(body: Uint8Array, scan: JsonScan): boolean {
  const field = scan.fields.get('stream')
  const stream = field === undefined ? false : valueAt(body, field.valueStart, field.valueEnd)
  if (stream === null) return false
  if (typeof stream !== 'boolean')
    throw new AiError('caller_invalid_request', { message: 'stream must be true or false.', param: 'stream' })
  return stream
}

function valueAt(body: Uint8Array, start: number, end: number): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset + start, end - start).toString('utf8'))
  } catch (cause) {
    // The scan skips control characters in long strings; they end here, not at the provider.
    throw new AiError('caller_invalid_json', { message: 'A string holds a control character.' }, { cause })
  }
}
