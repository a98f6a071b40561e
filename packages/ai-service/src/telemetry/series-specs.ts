// Names, help texts, labels and bounds of the series of exchanges, as Prometheus shows them.

// Answers take from milliseconds (errors, embeddings) to ten minutes (reasoning).
const wholeSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
const gapSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export const seriesSpecs = {
  requests: {
    name: 'ai_requests_total',
    help: 'Requests by target, status as the client saw it and error code.',
    labelNames: ['provider', 'model', 'endpoint', 'dialect', 'status', 'code'],
  },
  attempts: {
    name: 'ai_attempts_total',
    help: 'Upstream attempts by endpoint and outcome.',
    labelNames: ['endpoint', 'outcome'],
  },
  errors: {
    name: 'ai_errors_total',
    help: 'Errors that clients got, by code of the closed table.',
    labelNames: ['code'],
  },
  tokens: {
    name: 'ai_tokens_used_total',
    help: 'Tokens in disjoint classes, as providers reported them.',
    labelNames: ['provider', 'model', 'kind'],
  },
  cost: {
    name: 'ai_cost_usd_total',
    help: 'What providers charged, by the prices of the catalogue; models without a known price are left out.',
    labelNames: ['provider', 'model', 'team'],
    divisor: 1_000_000,
  },
  losses: {
    name: 'ai_losses_total',
    help: 'What translation between dialects could not carry, by path without indices.',
    labelNames: ['path'],
  },
  limits: {
    name: 'ai_limit_rejections_total',
    help: 'Requests refused by a limit, by whose and of what it is.',
    labelNames: ['limit'],
  },
  config: {
    name: 'ai_config_version_info',
    help: 'The configuration that serves: 1 beside its hash.',
    labelNames: ['hash'],
  },
  duration: {
    name: 'ai_request_duration_seconds',
    help: 'From the request to the last byte of its answer.',
    labelNames: ['provider', 'model', 'dialect'],
    bounds: wholeSeconds,
  },
  firstToken: {
    name: 'ai_time_to_first_token_seconds',
    help: 'From the request to the first bytes of a stream.',
    labelNames: ['provider', 'model'],
    bounds: wholeSeconds,
  },
  interToken: {
    name: 'ai_inter_token_seconds',
    help: 'Mean gap between the pieces of a stream; one observation per stream.',
    labelNames: ['provider', 'model'],
    bounds: gapSeconds,
  },
  overhead: {
    name: 'ai_overhead_seconds',
    help: "The service's own time, the provider's subtracted.",
    labelNames: [],
    bounds: gapSeconds,
  },
  cache: {
    name: 'ai_cache_total',
    help: 'Requests by what the response cache had; error: look-ups and writes that its store did not take.',
    labelNames: ['result'],
  },
  backup: {
    name: 'ai_backup_last_success_timestamp_seconds',
    help: 'When the last backup that went well was taken, since the epoch.',
  },
  audit: {
    name: 'ai_audit_records_total',
    help: 'Audit records of requests and actions, by what became of them.',
    labelNames: ['outcome'],
  },
  streams: { name: 'ai_streams_open', help: 'Streams under way.' },
  queues: {
    name: 'ai_queue_depth',
    help: 'Requests that wait, by queue: upstream:<provider> for a connection to that provider; audit records: audit.',
    labelNames: ['queue'],
  },
  keyStates: {
    name: 'ai_provider_key_state',
    help: 'Provider keys: 0 ready, 1 on probation, 2 cooling, 3 quota exhausted, 4 refused, 5 source away too long.',
    labelNames: ['provider', 'key'],
  },
  rotations: {
    name: 'ai_key_rotations_total',
    help: 'New values of provider keys: rotated, refused by the provider, or unreadable at their source.',
    labelNames: ['provider', 'outcome'],
  },
} as const
