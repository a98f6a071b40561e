// The closed table of error codes: who is to blame (prefix), what status a client gets, whether trying again can help.

/** What the closed table says of a code. */
export interface ErrorEntry {
  /** HTTP status that the service answers with. 499 is never sent: it is for log and metric only. */
  readonly status: number
  /** True where the same request may succeed later without being changed. */
  readonly retryable: boolean
  /** What happened and what to do; details are appended to it. */
  readonly message: string
}

const table = {
  caller_malformed_request: { status: 400, retryable: false, message: 'The HTTP request is malformed.' },
  caller_bad_host: {
    status: 400,
    retryable: false,
    message: 'Send exactly one Host header with a plain host name and port.',
  },
  caller_invalid_json: { status: 400, retryable: false, message: 'The body is not valid JSON.' },
  caller_ambiguous_key: {
    status: 400,
    retryable: false,
    message: 'A field that decides routing must appear once and unescaped.',
  },
  caller_invalid_request: { status: 400, retryable: false, message: 'The request has a field of the wrong form.' },
  caller_missing_field: { status: 400, retryable: false, message: 'The request lacks a field.' },
  caller_unprocessable: {
    status: 422,
    retryable: false,
    message: 'The request is well formed but cannot be carried out.',
  },
  caller_credential_conflict: {
    status: 400,
    retryable: false,
    message: 'Send one credential, once: Authorization: Bearer, x-api-key, x-goog-api-key or api-key.',
  },
  caller_unauthenticated: {
    status: 401,
    retryable: false,
    message: 'Send a caller key as Authorization: Bearer, x-api-key, x-goog-api-key or api-key.',
  },
  caller_unknown_key: {
    status: 401,
    retryable: false,
    message: 'This caller key is not known here. Create one with `ai-service keys create`.',
  },
  caller_key_expired: { status: 401, retryable: false, message: 'This caller key has expired. Ask for a new one.' },
  caller_route_not_found: { status: 404, retryable: false, message: 'There is no such route.' },
  caller_model_not_found: { status: 404, retryable: false, message: 'There is no such model here.' },
  caller_method_not_allowed: { status: 405, retryable: false, message: 'This route does not take that method.' },
  caller_body_timeout: { status: 408, retryable: true, message: 'The request body did not arrive in time.' },
  caller_body_too_large: { status: 413, retryable: false, message: 'The request body is too large.' },
  caller_unsupported_media_type: { status: 415, retryable: false, message: 'Send content-type: application/json.' },
  caller_encoded_body: { status: 415, retryable: false, message: 'Send the body without content-encoding.' },
  caller_expectation_failed: {
    status: 417,
    retryable: false,
    message: 'The only expectation met here is 100-continue.',
  },
  caller_left: { status: 499, retryable: false, message: 'The client closed the connection.' },
  policy_origin_refused: {
    status: 403,
    retryable: false,
    message: 'Requests from web pages are refused unless server.cors lists their origin.',
  },
  policy_model_not_allowed: { status: 403, retryable: false, message: 'This caller key may not use that model.' },
  policy_losses_refused: {
    status: 422,
    retryable: false,
    message: 'The target cannot carry parts of this request and x-ai-strict: losses forbids leaving them out.',
  },
  policy_rate_limited: { status: 429, retryable: true, message: 'The request limit is reached. Wait for retry-after.' },
  policy_concurrency_limited: {
    status: 429,
    retryable: true,
    message: 'Too many requests of this caller are under way. Wait for one to end.',
  },
  policy_cache_miss: {
    status: 504,
    retryable: true,
    message: 'There is no cached answer for this request, and x-ai-cache: only asks for no other.',
  },
  provider_rejected_request: { status: 400, retryable: false, message: 'The provider refused the request.' },
  provider_model_not_found: { status: 404, retryable: false, message: 'No target has that model or route.' },
  provider_rate_limited: {
    status: 429,
    retryable: true,
    message: 'All provider keys are cooling down. Wait for retry-after.',
  },
  provider_key_refused: {
    status: 502,
    retryable: false,
    message: "The provider refused the service's own key. The operator must renew it.",
  },
  provider_quota_exhausted: {
    status: 502,
    retryable: false,
    message: "The service's own quota at the provider is used up. The operator must raise it.",
  },
  provider_unreachable: { status: 502, retryable: true, message: 'The provider could not be reached.' },
  provider_failed: { status: 502, retryable: true, message: 'The provider failed.' },
  provider_overloaded: { status: 502, retryable: true, message: 'The provider is overloaded.' },
  provider_invalid_response: {
    status: 502,
    retryable: true,
    message: 'The provider answered with something unreadable.',
  },
  provider_truncated: { status: 502, retryable: true, message: 'The provider ended its answer before it was whole.' },
  provider_response_too_large: { status: 502, retryable: false, message: "The provider's answer exceeds a bound." },
  provider_redirected: {
    status: 502,
    retryable: false,
    message: 'The provider answered with a redirect; none is followed.',
  },
  provider_timeout_connect: { status: 504, retryable: true, message: 'Connecting to the provider took too long.' },
  provider_timeout_head: { status: 504, retryable: true, message: "The provider's response head took too long." },
  provider_timeout_first_token: { status: 504, retryable: true, message: "The provider's first token took too long." },
  provider_timeout_idle: {
    status: 504,
    retryable: true,
    message: 'The provider fell silent in the middle of its answer.',
  },
  provider_timeout_total: { status: 504, retryable: true, message: 'The whole answer took too long.' },
  service_not_configured: {
    status: 503,
    retryable: false,
    message: 'The provider of this model has no usable key here. The operator must add one.',
  },
  service_breaker_open: {
    status: 503,
    retryable: true,
    message: 'The last target is failing; one trial at a time is let through.',
  },
  service_endpoints_down: {
    status: 503,
    retryable: true,
    message: 'Every endpoint of this model is marked unhealthy. The operator must mark one healthy.',
  },
  service_queue_full: {
    status: 503,
    retryable: true,
    message: 'Too many requests wait for a connection to this provider.',
  },
  service_overloaded: { status: 503, retryable: true, message: 'The service holds as much as it can. Try again soon.' },
  service_audit_away: {
    status: 503,
    retryable: true,
    message: 'The audit trail cannot be written, and nothing is served unrecorded. The operator must mend its store.',
  },
  service_draining: {
    status: 503,
    retryable: true,
    message: 'This instance is shutting down. Try again: another will answer.',
  },
  service_not_available: { status: 501, retryable: false, message: 'Not available in this version.' },
  service_internal: {
    status: 500,
    retryable: true,
    message: 'An internal fault; the log has it under this request id.',
  },
  service_backup_storage: { status: 503, retryable: true, message: 'The store of the backups cannot be used.' },
  service_backup_source: { status: 500, retryable: false, message: 'What is to be backed up cannot be read.' },
  service_backup_refused: { status: 500, retryable: false, message: 'This backup is not used.' },
  config_invalid: { status: 500, retryable: false, message: 'The configuration is not usable.' },
} as const satisfies Record<string, ErrorEntry>

/** Every code an `AiError` can carry. The prefix says who can mend it: caller, policy, provider, service, config. */
export type ErrorCode = keyof typeof table

/**
 * The table itself, for reference pages and metrics labels.
 *
 * @example
 * ```ts
 * import { errorTable } from 'ai-lib'
 * console.log(errorTable.provider_overloaded.status, errorTable.provider_overloaded.retryable) // 502 true
 * ```
 */
export const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = table
