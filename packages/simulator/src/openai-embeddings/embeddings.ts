// Embeddings: for each input a unit vector that depends on nothing but the input.
import { createHash } from 'node:crypto'
import { type BadRequest, badRequest, countWords } from '../conversation.ts'
import { type Endpoint, refuse, whole } from '../endpoint.ts'
import { type JsonObject, numberAt, stringAt } from '../json.ts'
import { openaiErrorForm } from '../openai-chat/error-form.ts'

const DEFAULT_DIMENSIONS = 256
const MAX_DIMENSIONS = 4096

export const embeddings: Endpoint = {
  errors: openaiErrorForm,
  lastUserText: ({ body }) => readInputs(body['input']).at(-1) ?? '',
  reply: ({ body, mint }, script) => {
    const inputs = readInputs(body['input'])
    const flaw = findFlaw(body, inputs)
    if (flaw !== undefined) return refuse(openaiErrorForm, flaw, mint)
    const size = numberAt(body, 'dimensions') ?? DEFAULT_DIMENSIONS
    const asBase64 = body['encoding_format'] === 'base64'
    const tokens = script.usage?.inputTokens ?? inputs.reduce((sum, input) => sum + Math.max(1, countWords(input)), 0)
    return whole({
      object: 'list',
      data: inputs.map((input, index) => ({
        object: 'embedding',
        index,
        embedding: encode(embed(input, size), asBase64),
      })),
      model: stringAt(body, 'model') ?? '',
      ...(script.omitUsage === true ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    })
  },
}

function findFlaw(body: JsonObject, inputs: readonly string[]): BadRequest | undefined {
  if (typeof body['model'] !== 'string' || body['model'] === '')
    return badRequest('you must provide a model parameter', 'model')
  if (inputs.length === 0)
    return badRequest("'input' must be a text, a list of texts, a list of tokens or a list of those.", 'input')
  const size = body['dimensions']
  if (size === undefined) return undefined
  const isSize = typeof size === 'number' && Number.isInteger(size) && size >= 1 && size <= MAX_DIMENSIONS
  return isSize
    ? undefined
    : badRequest(`'dimensions' must be a whole number from 1 to ${MAX_DIMENSIONS}.`, 'dimensions')
}

/** One text for each input; a list of numbers is one input made of tokens. */
function readInputs(input: unknown): readonly string[] {
  if (typeof input === 'string') return input === '' ? [] : [input]
  if (!Array.isArray(input)) return []
  if (input.length > 0 && input.every((one) => typeof one === 'number')) return [input.join(' ')]
  return input.flatMap((one) => (typeof one === 'string' ? [one] : Array.isArray(one) ? [one.join(' ')] : []))
}

function embed(input: string, size: number): Float32Array {
  const values = new Float32Array(size)
  // xorshift32, seeded by the text: cheap, and the same on every machine. A zero seed would stay zero.
  let state = createHash('sha256').update(input).digest().readUInt32LE(0) || 1
  for (let index = 0; index < size; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    values[index] = state / 2 ** 31
  }
  const length = Math.hypot(...values)
  return values.map((value) => value / length)
}

function encode(vector: Float32Array, asBase64: boolean): string | readonly number[] {
  return asBase64 ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector)
}
