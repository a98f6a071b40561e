// The data listener's routes: what each one does is a property of the matched entry, so a new route cannot forget its guard.
import { nearestNames } from 'ai-lib/internal/catalog/nearest-names'
import type { OperationId } from 'ai-lib/internal/dialects/dialect'

export type Route =
  /** Spends at a provider: authenticated, limited, metered. */
  | { readonly kind: 'operation'; readonly operation: OperationId; readonly path: string }
  | { readonly kind: 'models'; readonly id?: string }
  | { readonly kind: 'live' }
  | { readonly kind: 'ready' }
  /** The description of all of them. */
  | { readonly kind: 'api-description' }

export type Matched =
  | { readonly kind: 'found'; readonly route: Route }
  | { readonly kind: 'wrong-method'; readonly allow: string }
  | { readonly kind: 'none' }

interface Entry {
  readonly method: 'GET' | 'POST'
  readonly route: Route
}

/** A route as pages and `/openapi.json` tell of it. */
export interface ListedRoute extends Entry {
  readonly path: string
}

function operation(path: string, id: OperationId): readonly [string, Entry] {
  return [path, { method: 'POST', route: { kind: 'operation', operation: id, path } }]
}

const table: ReadonlyMap<string, Entry> = new Map([
  operation('/v1/chat/completions', 'chat'),
  operation('/v1/completions', 'completions'),
  operation('/v1/embeddings', 'embeddings'),
  operation('/v1/responses', 'responses'),
  operation('/v1/messages', 'messages'),
  operation('/v1/messages/count_tokens', 'count-tokens'),
  ['/v1/models', { method: 'GET', route: { kind: 'models' } }],
  ['/health/live', { method: 'GET', route: { kind: 'live' } }],
  ['/health/ready', { method: 'GET', route: { kind: 'ready' } }],
  ['/openapi.json', { method: 'GET', route: { kind: 'api-description' } }],
])

const modelPrefix = '/v1/models/'

/** Every route, for the descriptions that are made of them. */
export const routes: readonly ListedRoute[] = [
  ...[...table].map(([path, entry]) => ({ path, ...entry })),
  { path: `${modelPrefix}{id}`, method: 'GET', route: { kind: 'models', id: '{id}' } },
]

/** All paths, for "did you mean" and for tests that walk every route. */
export const routePaths: readonly string[] = routes.map(({ path }) => path)

/** The route that a path most likely meant: base URLs are often off by a `/v1`. */
export function nearestRoute(path: string): string | undefined {
  const tail = path.replace(/^(?:\/v1)+/, '')
  return routePaths.find((known) => known === path || known === `/v1${tail}`) ?? nearestNames(path, routePaths, 1)[0]
}

export function matchRoute(method: string, path: string): Matched {
  const entry = table.get(path) ?? modelRoute(path)
  if (entry === undefined) return { kind: 'none' }
  const isHead = method === 'HEAD' && entry.method === 'GET'
  if (method !== entry.method && !isHead)
    return { kind: 'wrong-method', allow: entry.method === 'GET' ? 'GET, HEAD' : entry.method }
  return { kind: 'found', route: entry.route }
}

// Model names hold slashes (`openai/gpt-4o`), so everything behind the prefix is the name.
function modelRoute(path: string): Entry | undefined {
  if (!path.startsWith(modelPrefix) || path.length === modelPrefix.length) return undefined
  const id = decoded(path.slice(modelPrefix.length))
  return id === undefined ? undefined : { method: 'GET', route: { kind: 'models', id } }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // A malformed escape names no model.
    return undefined
  }
}
