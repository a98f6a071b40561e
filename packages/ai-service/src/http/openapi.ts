// `/openapi.json`: the routes, headers and errors of the data listener as OpenAPI 3.1, made of the tables that serve them.
//
// Bodies in a vendor's form are free objects with a link to the vendor's own description: we pass fields on that we do not
// know, and a copy of their schemas would refuse what providers take.
import { operations } from 'ai-lib/internal/dialects/registry'
import { errorTable, type ErrorCode } from 'ai-lib/internal/errors/error-codes'
import { requestHeaders, responseHeaders } from './header-descriptions.ts'
import { components, credentials, errorCodes, type JsonObject, ours } from './openapi-components.ts'
import { describeRoute, type RouteDescription } from './route-descriptions.ts'
import { type ListedRoute, type Route, routes } from './routes.ts'

const json = 'application/json'

/** Codes that no answer of a spending route carries: other routes', commands', and what is never sent. */
const elsewhere: ReadonlySet<string> = new Set<ErrorCode>([
  'caller_left',
  'caller_route_not_found',
  'caller_method_not_allowed',
  'service_backup_storage',
  'service_backup_source',
  'service_backup_refused',
  'config_invalid',
])

const listCodes: readonly ErrorCode[] = [
  'caller_bad_host',
  'caller_malformed_request',
  'caller_credential_conflict',
  'caller_unauthenticated',
  'caller_unknown_key',
  'caller_key_expired',
  'policy_origin_refused',
  'caller_model_not_found',
]

const onRefusals: readonly string[] = [
  'x-request-id',
  'x-ai-provider',
  'x-ai-attempts',
  'x-ai-cache',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
]

export function openApiBytes(version: string): Uint8Array {
  return Buffer.from(`${JSON.stringify(openApiDocument(version))}\n`)
}

export function openApiDocument(version: string): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'ai-service',
      version,
      summary: 'One front door to many AI providers.',
      description:
        'Official SDKs of OpenAI and Anthropic work with it as they are. Bodies in a vendor’s form are described by that vendor; fields that are not known here travel on. Every route that takes GET takes HEAD.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'where this description came from' }],
    tags: [
      { name: 'providers', description: 'Asks a provider: authenticated, limited, metered, recorded.' },
      { name: 'service', description: 'Answered by the service itself.' },
    ],
    security: credentials().map((name) => ({ [name]: [] })),
    paths: Object.fromEntries(routes.map((route) => [route.path, pathItem(route)])),
    components: components(),
  }
}

function pathItem({ method, path, route }: ListedRoute): JsonObject {
  const described = describeRoute(route)
  return {
    [method.toLowerCase()]: {
      operationId: described.id,
      summary: described.summary,
      tags: [route.kind === 'operation' ? 'providers' : 'service'],
      ...(described.vendorPage === undefined
        ? {}
        : { externalDocs: { url: described.vendorPage, description: `the bodies: ${described.form}` } }),
      ...(described.access === 'open' ? { security: [] } : {}),
      ...parametersOf(route, path),
      ...(route.kind === 'operation' ? { requestBody: requestBody(described) } : {}),
      responses: responsesOf(route, described),
    },
  }
}

function parametersOf(route: Route, path: string): JsonObject {
  if (route.kind === 'operation')
    return { parameters: ours(requestHeaders).map(({ name }) => ({ $ref: `#/components/parameters/${name}` })) }
  if (!path.includes('{id}')) return {}
  const description = 'The model’s name as the list has it; slashes need no escape.'
  return { parameters: [{ name: 'id', in: 'path', required: true, description, schema: { type: 'string' } }] }
}

function requestBody({ streams }: RouteDescription): JsonObject {
  const schema = { $ref: `#/components/schemas/${streams ? 'StreamableRequest' : 'Request'}` }
  return { required: true, content: { [json]: { schema } } }
}

function responsesOf(route: Route, described: RouteDescription): JsonObject {
  switch (route.kind) {
    case 'operation':
      return { '200': answered(described), ...refusals(spendingCodes(), operations[route.operation].wire.dialect) }
    case 'models':
      return {
        '200': whole(described.summary, { type: 'object' }, ['x-request-id']),
        ...refusals(
          listCodes.filter((code) => route.id !== undefined || code !== 'caller_model_not_found'),
          'openai-chat',
        ),
      }
    case 'live':
      return { '200': health('It can.', ['live']) }
    case 'ready':
      return {
        '200': health('It should.', ['ready']),
        '503': health('It should not, at the moment.', ['starting', 'draining', 'store-away']),
      }
    case 'api-description':
      return { '200': whole('This description.', { type: 'object' }, []) }
  }
}

function answered({ streams }: RouteDescription): JsonObject {
  const names = ours(responseHeaders)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('retry-') && name !== 'x-should-retry')
  const body = { [json]: { schema: { type: 'object' } } }
  return {
    description: streams ? 'The answer; events where the request asks for a stream.' : 'The answer.',
    headers: headerRefs(names),
    content: streams ? { ...body, 'text/event-stream': { schema: { type: 'string' } } } : body,
  }
}

function whole(description: string, schema: JsonObject, headers: readonly string[]): JsonObject {
  return {
    description,
    ...(headers.length === 0 ? {} : { headers: headerRefs(headers) }),
    content: { [json]: { schema } },
  }
}

function health(description: string, states: readonly string[]): JsonObject {
  const properties = { status: { enum: states }, stores: { type: 'array', items: { type: 'string' } } }
  return whole(description, { type: 'object', required: ['status'], properties }, [])
}

function spendingCodes(): readonly ErrorCode[] {
  return errorCodes().filter((code) => !elsewhere.has(code))
}

/** One response per status, with the codes that have it. */
function refusals(codes: readonly ErrorCode[], dialect: string): JsonObject {
  const schema = { $ref: `#/components/schemas/${dialect === 'anthropic-messages' ? 'AnthropicError' : 'OpenAiError'}` }
  const byStatus = Object.groupBy(codes, (code) => errorTable[code].status)
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, those = []]) => [
      status,
      {
        description: those.map((code) => `\`${code}\`: ${errorTable[code].message}`).join('\n\n'),
        headers: headerRefs(onRefusals),
        content: { [json]: { schema } },
      },
    ]),
  )
}

function headerRefs(names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}
