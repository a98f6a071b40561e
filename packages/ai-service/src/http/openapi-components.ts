// The parts that the description of the API refers to: credentials, headers, parameters, and the forms of errors.
import { errorTable, type ErrorCode } from 'ai-lib/internal/errors/error-codes'
import { type HeaderDescription, requestHeaders, responseHeaders } from './header-descriptions.ts'

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export function errorCodes(): readonly ErrorCode[] {
  return Object.keys(errorTable) as ErrorCode[]
}

interface NamedHeader {
  readonly name: string
  readonly description: string
}

export function ours(headers: readonly HeaderDescription[]): readonly NamedHeader[] {
  return headers
    .filter(({ kind }) => kind === 'ours')
    .flatMap(({ names, meaning, on }) =>
      names.map((name) => ({ name, description: `${plain(meaning)} (${plain(on)}).` })),
    )
    .filter(({ name }) => !name.includes('*'))
}

/** Links lead nowhere from here. */
function plain(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
}

export function credentials(): readonly string[] {
  return requestHeaders.filter(({ kind }) => kind === 'credential').flatMap(({ names }) => names)
}

function scheme(name: string): JsonObject {
  const description = 'A caller key, as `ai-service keys create` makes them; asked for where `auth.mode` is `keys`.'
  return name === 'authorization'
    ? { type: 'http', scheme: 'bearer', description }
    : { type: 'apiKey', in: 'header', name, description }
}

export function components(): JsonObject {
  const text = { type: 'string' } as const
  return {
    securitySchemes: Object.fromEntries(credentials().map((name) => [name, scheme(name)])),
    parameters: Object.fromEntries(
      ours(requestHeaders).map(({ name, description }) => [name, { name, in: 'header', description, schema: text }]),
    ),
    headers: Object.fromEntries(
      ours(responseHeaders).map(({ name, description }) => [name, { description, schema: text }]),
    ),
    schemas: schemas(),
  }
}

function schemas(): JsonObject {
  const text = { type: 'string' } as const
  const code = { description: 'One of a closed list.', enum: errorCodes().filter((name) => name !== 'config_invalid') }
  const model = { ...text, description: 'An alias, `provider/model`, or a name that one provider alone has.' }
  const request = { type: 'object', required: ['model'], properties: { model } } as const
  return {
    Request: request,
    StreamableRequest: { ...request, properties: { model, stream: { type: 'boolean' } } },
    OpenAiError: {
      type: 'object',
      required: ['error'],
      properties: {
        error: {
          type: 'object',
          required: ['message', 'type', 'code', 'param', 'request_id'],
          properties: { message: text, type: text, code, param: { type: ['string', 'null'] }, request_id: text },
        },
      },
    },
    AnthropicError: {
      type: 'object',
      required: ['type', 'error', 'request_id'],
      properties: {
        type: { const: 'error' },
        error: {
          type: 'object',
          required: ['type', 'message', 'code'],
          properties: { type: text, message: text, code, param: { type: ['string', 'null'] } },
        },
        request_id: text,
      },
    },
  }
}
