// The metrics that clients record: names, kinds, help texts and labels, as data.

export interface SeriesSpec {
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

/** What every client tells its `metrics`. Durations are seconds. */
export const clientSeries = {
  requests: {
    name: 'ai_requests_total',
    kind: 'counter',
    help: 'Requests by target and how they ended.',
    labels: ['provider', 'model', 'endpoint', 'stream', 'outcome', 'code'],
  },
  duration: {
    name: 'ai_request_duration_seconds',
    kind: 'histogram',
    help: 'From the request to the end of its answer.',
    labels: ['provider', 'stream'],
  },
  firstToken: {
    name: 'ai_time_to_first_token_seconds',
    kind: 'histogram',
    help: 'From the request to the first content of a stream.',
    labels: ['provider', 'model'],
  },
  tokens: {
    name: 'ai_tokens_used_total',
    kind: 'counter',
    help: 'Tokens in disjoint classes, as providers reported them.',
    labels: ['provider', 'model', 'kind'],
  },
  attempts: {
    name: 'ai_attempts_total',
    kind: 'counter',
    help: 'Upstream attempts by endpoint and outcome.',
    labels: ['provider', 'endpoint', 'outcome'],
  },
  cache: {
    name: 'ai_cache_total',
    kind: 'counter',
    help: 'Look-ups in the cache of the client, by what it had.',
    labels: ['result'],
  },
  errors: {
    name: 'ai_errors_total',
    kind: 'counter',
    help: 'Requests that ended in an error, by code of the closed table.',
    labels: ['code', 'provider', 'model'],
  },
  successes: {
    name: 'ai_successes_total',
    kind: 'counter',
    help: 'Requests that were answered.',
    labels: ['provider', 'model'],
  },
  streams: { name: 'ai_streams_open', kind: 'gauge', help: 'Streams under way.', labels: [] },
  batches: { name: 'ai_batches_total', kind: 'counter', help: 'Batches by how they ended.', labels: ['outcome'] },
  batchSize: { name: 'ai_batch_requests', kind: 'histogram', help: 'Requests of a batch.', labels: [] },
} as const satisfies Record<string, SeriesSpec>
