// Maps an HTTP status and a provider's own error words to what the attempt loop weighs.
import type { FailureCode } from '../../chat/failure.ts'

const quotaWords: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'exceeded_current_quota_error',
  'insufficient_balance',
  'insufficient_credits',
  'payment_required',
])

const codeByWord: Readonly<Record<string, FailureCode>> = {
  rate_limit_exceeded: 'rate-limited',
  rate_limit_error: 'rate-limited',
  rate_limit_reached_error: 'rate-limited',
  too_many_requests: 'rate-limited',
  requests: 'rate-limited',
  tokens: 'rate-limited',
  overloaded_error: 'overloaded',
  overloaded: 'overloaded',
  engine_overloaded_error: 'overloaded',
  service_unavailable: 'overloaded',
  service_unavailable_error: 'overloaded',
  model_not_found: 'not-found',
  not_found_error: 'not-found',
  invalid_api_key: 'key-refused',
  authentication_error: 'key-refused',
  permission_error: 'key-refused',
  invalid_request_error: 'rejected',
  context_length_exceeded: 'rejected',
  content_policy_violation: 'rejected',
}

/** What an error answer means. `words` are the provider's code and type. */
export function codeOfStatus(status: number, words: readonly string[]): FailureCode {
  if (status === 402) return 'quota-exhausted'
  if (status === 429) return words.some((word) => quotaWords.has(word)) ? 'quota-exhausted' : 'rate-limited'
  if (status === 401 || status === 403) return 'key-refused'
  if (status === 404 || (status < 500 && words.includes('model_not_found'))) return 'not-found'
  if (status === 408 || status === 409) return 'failed'
  if (status === 503 || status === 529) return 'overloaded'
  return status < 500 ? 'rejected' : 'failed'
}

/** What an error inside a 200 means: the status it names if any, else its words, else that the provider failed. */
export function codeOfWords(status: number | undefined, words: readonly string[]): FailureCode {
  if (status !== undefined) return codeOfStatus(status, words)
  if (words.some((word) => quotaWords.has(word))) return 'quota-exhausted'
  for (const word of words) {
    const code = Object.hasOwn(codeByWord, word) ? codeByWord[word] : undefined
    if (code !== undefined) return code
  }
  return 'failed'
}
