// What an application is told where a provider has no key: the variables that would count, and the option.
import type { Upstream } from '../attempts/target.ts'
import { AiError } from '../errors/ai-error.ts'

/** The error that says so in full; any other as it is. */
export function withKeyHint(error: AiError, upstreams: readonly Upstream[]): AiError {
  if (error.code !== 'service_not_configured' || error.details.message !== undefined) return error
  const keyless = upstreams.filter(({ spec, keys }) => spec.isKeyRequired && keys.size === 0)
  if (keyless.length === 0) return error
  const variables = new Set(keyless.flatMap(({ spec }) => spec.keyVariables.slice(0, 1)))
  const message = `Set ${[...variables, 'AI_API_KEY'].join(' or ')} in the environment, or give the option apiKey.`
  return new AiError(error.code, { ...error.details, message }, { cause: error })
}

export function missingKey(upstream: Upstream): AiError {
  return withKeyHint(new AiError('service_not_configured'), [upstream])
}
