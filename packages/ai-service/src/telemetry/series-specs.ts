// Names, types, help texts, labels and bounds of all series, as Prometheus and docs/reference/metrics.md show them.

// Answers take from milliseconds (errors, embeddings) to ten minutes (reasoning).
const wholeSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
const gapSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export const seriesSpecs = {
  requests: {
    name: 'ai_requests_total',
    type: 'counter',
    help: 'Requests by target, status as the client saw it and error code.',
    labelNames: ['provider', 'model', 'endpoint', 'dialect', 'status', 'code'],
  },
  duration: {
    name: 'ai_request_duration_seconds',
    type: 'histogram',
    help: 'From the request to the last byte of its answer.',
    labelNames: ['provider', 'model', 'dialect'],
    bounds: wholeSeconds,
  },
  firstToken: {
    name: 'ai_time_to_first_token_seconds',
    type: 'histogram',
    help: 'From the request to the first bytes of a stream.',
    labelNames: ['provider', 'model'],
    bounds: wholeSeconds,
  },
  interToken: {
    name: 'ai_inter_token_seconds',
    type: 'histogram',
    help: 'Mean gap between the pieces of a stream; one observation per stream.',
    labelNames: ['provider', 'model'],
    bounds: gapSeconds,
  },
  overhead: {
    name: 'ai_overhead_seconds',
    type: 'histogram',
    help: "The service's own time, without waiting for the provider or for the client's body; pauses between attempts are in it.",
    labelNames: [],
    bounds: gapSeconds,
  },
  attempts: {
    name: 'ai_attempts_total',
    type: 'counter',
    help: 'Upstream attempts by endpoint and outcome.',
    labelNames: ['endpoint', 'outcome'],
  },
  errors: {
    name: 'ai_errors_total',
    type: 'counter',
    help: 'Errors that clients got, by code of the closed table; those before a route was found included.',
    labelNames: ['code'],
  },
  tokens: {
    name: 'ai_tokens_used_total',
    type: 'counter',
    help: 'Tokens in disjoint classes, as providers reported them.',
    labelNames: ['provider', 'model', 'kind'],
  },
  cost: {
    name: 'ai_cost_usd_total',
    type: 'counter',
    help: 'What providers charged, by the prices of the catalogue; models without a known price are left out.',
    labelNames: ['provider', 'model', 'team'],
    divisor: 1_000_000,
  },
  losses: {
    name: 'ai_losses_total',
    type: 'counter',
    help: 'What translation between dialects could not carry, had to change or to add, by path without indices.',
    labelNames: ['path'],
  },
  limits: {
    name: 'ai_limit_rejections_total',
    type: 'counter',
    help: 'Requests refused by a limit, by whose and of what it is.',
    labelNames: ['limit'],
  },
  cache: {
    name: 'ai_cache_total',
    type: 'counter',
    help: 'Requests by what the response cache had; error: look-ups and writes that its store did not take.',
    labelNames: ['result'],
  },
  streams: { name: 'ai_streams_open', type: 'gauge', help: 'Streams under way.', labelNames: [] },
  queues: {
    name: 'ai_queue_depth',
    type: 'gauge',
    help: 'Requests that wait, by queue: upstream:<provider> for a connection to that provider; audit records that are nowhere yet: audit; spans: traces.',
    labelNames: ['queue'],
  },
  endpointHealth: {
    name: 'ai_endpoint_healthy',
    type: 'gauge',
    help: '1 where requests may go, 0 where none or only a trial may.',
    labelNames: ['endpoint'],
  },
  breakers: {
    name: 'ai_breaker_state',
    type: 'gauge',
    help: 'Breaker: 0 closed, 1 half-open (a trial is under way), 2 open; of a provider the worst of its models.',
    labelNames: ['endpoint'],
  },
  keyStates: {
    name: 'ai_provider_key_state',
    type: 'gauge',
    help: 'Provider keys: 0 ready, 1 on probation, 2 cooling, 3 quota exhausted, 4 refused, 5 source away too long. From 3 on somebody has to act.',
    labelNames: ['provider', 'key'],
  },
  rotations: {
    name: 'ai_key_rotations_total',
    type: 'counter',
    help: 'New values of provider keys: rotated, refused by the provider, or unreadable at their source (once per outage).',
    labelNames: ['provider', 'outcome'],
  },
  audit: {
    name: 'ai_audit_records_total',
    type: 'counter',
    help: 'Audit records of requests and actions, by what became of them.',
    labelNames: ['outcome'],
  },
  auditRecording: {
    name: 'ai_audit_recording',
    type: 'gauge',
    help: '1 where the audit trail can be written, 0 while no sink takes records; absent where the trail is off.',
    labelNames: [],
  },
  backup: {
    name: 'ai_backup_last_success_timestamp_seconds',
    type: 'gauge',
    help: 'When the last backup that went well was taken, since the epoch; absent where none is known.',
    labelNames: [],
  },
  backupInterval: {
    name: 'ai_backup_interval_seconds',
    type: 'gauge',
    help: 'From one backup to the next, as configured; absent where the service takes none.',
    labelNames: [],
  },
  config: {
    name: 'ai_config_version_info',
    type: 'gauge',
    help: '1 beside the hash of the configuration that serves, as `ai-service check` shows it.',
    labelNames: ['hash'],
  },
  reloads: {
    name: 'ai_config_reload_total',
    type: 'counter',
    help: 'Other configurations that were found: applied, unchanged in what they say, or rejected.',
    labelNames: ['outcome'],
  },
  lastReload: {
    name: 'ai_config_last_reload_successful',
    type: 'gauge',
    help: '0 while the configuration on disk is not the one that serves, because it was rejected.',
    labelNames: [],
  },
  dropped: {
    name: 'ai_telemetry_dropped_total',
    type: 'counter',
    help: 'What was to be told and could not be: log lines that their reader did not take, spans that no receiver has.',
    labelNames: ['signal'],
  },
  spans: {
    name: 'ai_trace_spans_total',
    type: 'counter',
    help: 'Spans by what became of them: exported, dropped (too many waited), refused by the receiver, lost.',
    labelNames: ['outcome'],
  },
  memoryLimit: {
    name: 'ai_memory_limit_bytes',
    type: 'gauge',
    help: 'Memory that the process may use: the limit of its container, else the memory of the machine.',
    labelNames: [],
  },
  overload: {
    name: 'ai_overload_refusing',
    type: 'gauge',
    help: '1 while requests are refused because there is too much: memory near its limit, or an event loop that is late.',
    labelNames: ['cause'],
  },
  build: {
    name: 'ai_service_build_info',
    type: 'gauge',
    help: '1 beside the version of the service.',
    labelNames: ['version'],
  },
} as const

/** The process and its runtime: few, and named so that promtool has nothing to say. */
export const runtimeSpecs = {
  cpu: { name: 'process_cpu_seconds_total', type: 'counter', help: 'User and system CPU time.' },
  resident: { name: 'process_resident_memory_bytes', type: 'gauge', help: 'Resident memory.' },
  start: { name: 'process_start_time_seconds', type: 'gauge', help: 'Start of the process, since the epoch.' },
  descriptors: {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open file descriptors; 0 where the system does not tell.',
  },
  node: { name: 'nodejs_version_info', type: 'gauge', help: '1 beside the version of Node.', labelNames: ['version'] },
  heapUsed: { name: 'nodejs_heap_size_used_bytes', type: 'gauge', help: 'Used heap.' },
  heapTotal: { name: 'nodejs_heap_size_total_bytes', type: 'gauge', help: 'Allocated heap.' },
  external: { name: 'nodejs_external_memory_bytes', type: 'gauge', help: 'Memory of objects outside the heap.' },
  lagMedian: {
    name: 'nodejs_eventloop_lag_p50_seconds',
    type: 'gauge',
    help: 'Median delay of the event loop since the last scrape.',
  },
  lagHigh: { name: 'nodejs_eventloop_lag_p99_seconds', type: 'gauge', help: '99th percentile of the same.' },
  lagMost: { name: 'nodejs_eventloop_lag_max_seconds', type: 'gauge', help: 'Longest delay of the same.' },
} as const
