// Finds what a path asks for, with or without `/v1` and under any prefix, so that every documented base URL works.

export type Route =
  | { readonly kind: 'health' }
  | { readonly kind: 'models'; readonly id: string | undefined }
  | { readonly kind: 'endpoint'; readonly name: EndpointName; readonly family: Family }
  | { readonly kind: 'wrong-method'; readonly family: Family }
  | { readonly kind: 'unknown'; readonly family: Family }

export type EndpointName = 'chat' | 'completions' | 'embeddings' | 'messages' | 'count-tokens' | 'responses'
export type Family = 'openai' | 'anthropic'

// The first match wins: the longer ends come before the shorter ones they contain.
const ENDPOINTS: readonly (readonly [end: string, name: EndpointName])[] = [
  ['/chat/completions', 'chat'],
  ['/completions', 'completions'],
  ['/embeddings', 'embeddings'],
  ['/messages/count_tokens', 'count-tokens'],
  ['/messages', 'messages'],
  ['/responses', 'responses'],
]

export function findRoute(method: string, url: string): Route {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/+$/, '')
  if (path.endsWith('/health')) return { kind: 'health' }
  const models = /\/models(?:\/(.+))?$/.exec(path)
  if (models !== null && method === 'GET')
    return { kind: 'models', id: models[1] === undefined ? undefined : decode(models[1]) }
  const family = path.includes('/messages') ? 'anthropic' : 'openai'
  const found = ENDPOINTS.find(([end]) => path.endsWith(end))
  if (found === undefined) return { kind: 'unknown', family }
  return method === 'POST' ? { kind: 'endpoint', name: found[1], family } : { kind: 'wrong-method', family }
}

/** Paths that no behaviour applies to. */
export function isPlain(route: Route): boolean {
  return route.kind === 'health' || route.kind === 'models'
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    // A malformed escape is no model of ours either way.
    return segment
  }
}
