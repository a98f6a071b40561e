// Who asks: which family's form the caller speaks, and whether its key is one of ours.
import type { IncomingMessage } from 'node:http'
import { anthropicErrorForm } from './anthropic-messages/error-form.ts'
import type { ErrorForm } from './dialect.ts'
import { openaiErrorForm } from './openai-chat/error-form.ts'
import type { Family, Route } from './routes.ts'

export const ERROR_FORMS: { readonly [family in Family]: ErrorForm } = {
  openai: openaiErrorForm,
  anthropic: anthropicErrorForm,
}

/** Models and health are shared paths: there the version header tells the families apart. */
export function familyOf(route: Route, request: IncomingMessage): Family {
  if (route.kind === 'endpoint' || route.kind === 'unknown' || route.kind === 'wrong-method') return route.family
  return request.headers['anthropic-version'] === undefined ? 'openai' : 'anthropic'
}

export function hasKey(keys: readonly string[] | undefined, request: IncomingMessage, family: Family): boolean {
  if (keys === undefined) return true
  // Anthropic's own package sends its key as a bearer since version 1, curl users and older ones as x-api-key.
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const key = (family === 'anthropic' ? [request.headers['x-api-key']].flat()[0] : undefined) ?? bearer
  return key !== undefined && keys.includes(key)
}
