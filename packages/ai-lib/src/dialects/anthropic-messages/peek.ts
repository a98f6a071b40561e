// Reads model and stream flag of a request straight from its bytes.
import { scanJson, type JsonField } from '../../bytes/json-scan.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { Head } from '../dialect.ts'

const wanted: ReadonlySet<string> = new Set(['model', 'stream'])
const counted: ReadonlySet<string> = new Set(['messages', 'tools'])

/** No usage edit: answers of this dialect always tell their usage. */
export function peek(body: Uint8Array): Head {
  const scan = scanJson(body, 'caller_invalid_json', wanted, counted)
  if (scan.closing === -1) throw new AiError('caller_invalid_json', { message: 'It must be a JSON object.' })
  const field = scan.fields.get('model')
  if (field === undefined)
    throw new AiError('caller_missing_field', { message: '"model" is required.', param: 'model' })
  return {
    model: modelOf(valueOf(body, field)),
    stream: streamOf(scan.fields.get('stream'), body),
    modelSpan: { start: field.valueStart, end: field.valueEnd },
    messages: scan.counts.get('messages'),
    tools: scan.counts.get('tools'),
  }
}

function modelOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new AiError('caller_invalid_request', { message: '"model" must be a non-empty string.', param: 'model' })
}

function streamOf(field: JsonField | undefined, body: Uint8Array): boolean {
  const value = field === undefined ? null : valueOf(body, field)
  if (value === null) return false
  if (typeof value === 'boolean') return value
  throw new AiError('caller_invalid_request', { message: '"stream" must be true or false.', param: 'stream' })
}

// A value that starts an object or an array is of the wrong type here, and never parsed.
function valueOf(body: Uint8Array, field: JsonField): unknown {
  const first = body[field.valueStart]
  if (first === 0x7b || first === 0x5b) return undefined
  return JSON.parse(Buffer.from(body.subarray(field.valueStart, field.valueEnd)).toString('utf8'))
}
