// Reads what routing needs from the bytes of a request, and says where usage would have to be asked for.
import { scanJson, type JsonField } from '../../bytes/json-scan.ts'
import type { Edit } from '../../bytes/json-splice.ts'
import { tryParseJson } from '../../bytes/json-value.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { Head } from '../dialect.ts'

const streaming: ReadonlySet<string> = new Set(['model', 'stream', 'stream_options'])
const unary: ReadonlySet<string> = new Set(['model'])
const counted: ReadonlySet<string> = new Set(['messages', 'tools'])
const includeUsage: ReadonlySet<string> = new Set(['include_usage'])

const openBrace = 0x7b
const quote = 0x22

/** Model, stream flag and usage edit of a chat completion or legacy completion. */
export function peekStreaming(body: Uint8Array): Head {
  const { fields, closing, counts } = scanObject(body, streaming)
  const model = readModel(body, fields.get('model'))
  const stream = readStream(body, fields.get('stream'))
  const edit = stream ? usageEdit(body, fields.get('stream_options'), closing) : undefined
  const head = { ...model, stream, messages: counts.get('messages'), tools: counts.get('tools') }
  return edit === undefined ? head : { ...head, usageEdit: edit }
}

/** Model of a request that never streams. */
export function peekUnary(body: Uint8Array): Head {
  return { ...readModel(body, scanObject(body, unary).fields.get('model')), stream: false }
}

function scanObject(body: Uint8Array, wanted: ReadonlySet<string>) {
  const scan = scanJson(body, 'caller_invalid_json', wanted, counted)
  if (scan.closing === -1) throw new AiError('caller_invalid_json', { message: 'It must be a JSON object.' })
  return scan
}

function valueText(body: Uint8Array, field: JsonField): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8', field.valueStart, field.valueEnd)
}

function readModel(body: Uint8Array, field: JsonField | undefined): Pick<Head, 'model' | 'modelSpan'> {
  if (field === undefined) throw new AiError('caller_missing_field', { message: 'model is required.', param: 'model' })
  const model = body[field.valueStart] === quote ? tryParseJson(valueText(body, field)) : undefined
  if (typeof model !== 'string' || model === '')
    throw new AiError('caller_invalid_request', { message: 'model must be a non-empty string.', param: 'model' })
  return { model, modelSpan: { start: field.valueStart, end: field.valueEnd } }
}

function readStream(body: Uint8Array, field: JsonField | undefined): boolean {
  const text = field === undefined ? 'null' : valueText(body, field)
  if (text === 'true') return true
  if (text === 'false' || text === 'null') return false
  throw new AiError('caller_invalid_request', { message: 'stream must be true or false.', param: 'stream' })
}

// The model is required, so the top-level object is never empty and a comma always fits before its brace.
function usageEdit(body: Uint8Array, field: JsonField | undefined, closing: number): Edit | undefined {
  if (field === undefined) return { start: closing, end: closing, insert: ',"stream_options":{"include_usage":true}' }
  if (body[field.valueStart] === openBrace) return optionsEdit(body, field)
  if (valueText(body, field) === 'null')
    return { start: field.valueStart, end: field.valueEnd, insert: '{"include_usage":true}' }
  throw new AiError('caller_invalid_request', {
    message: 'stream_options must be an object.',
    param: 'stream_options',
  })
}

function optionsEdit(body: Uint8Array, field: JsonField): Edit | undefined {
  const scan = scanJson(body.subarray(field.valueStart, field.valueEnd), 'caller_invalid_json', includeUsage)
  const flag = scan.fields.get('include_usage')
  const at = field.valueStart
  if (flag === undefined) {
    const insert = scan.isEmpty ? '"include_usage":true' : ',"include_usage":true'
    return { start: at + scan.closing, end: at + scan.closing, insert }
  }
  const start = at + flag.valueStart
  const end = at + flag.valueEnd
  const value = valueText(body, { keyStart: start, valueStart: start, valueEnd: end })
  if (value === 'true') return undefined
  if (value === 'false' || value === 'null') return { start, end, insert: 'true' }
  throw new AiError('caller_invalid_request', {
    message: 'stream_options.include_usage must be true or false.',
    param: 'stream_options.include_usage',
  })
}
