// What each header means, in the words that docs/reference/http.md and `/openapi.json` share.

export interface HeaderDescription {
  /** Several where they are told of together. */
  readonly names: readonly string[]
  /** Markdown; its links start at docs/reference. */
  readonly meaning: string
  /** Of a request: read here, and perhaps sent on. Of an answer: which answers have it. */
  readonly on: string
  /** `/openapi.json` has ours as parameters and headers, credentials as schemes, and leaves out those of HTTP itself. */
  readonly kind: 'ours' | 'credential' | 'protocol'
}

/** All that is understood of a request's headers. */
export const requestHeaders: readonly HeaderDescription[] = [
  {
    names: ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'],
    meaning:
      'The caller key, in one of them; in `authorization` as `Bearer …`. Two different keys, or a header twice, is 400. Where callers need no key (`auth.mode: none`) anything is taken',
    on: 'never goes to a provider',
    kind: 'credential',
  },
  {
    names: ['x-ai-strict'],
    meaning:
      '`losses`: 422 `policy_losses_refused` where the target cannot carry something of the request. What the service had to add does not count',
    on: 'stays here',
    kind: 'ours',
  },
  {
    names: ['x-ai-timeout-ms'],
    meaning:
      'Bound of the whole answer, or of the first token of a stream, in milliseconds; it can only shorten. Anything but whole milliseconds is 400',
    on: 'stays here',
    kind: 'ours',
  },
  {
    names: ['x-ai-user'],
    meaning: 'The end user, for log and audit trail, where the caller key names none',
    on: 'stays here',
    kind: 'ours',
  },
  {
    names: ['x-ai-tags'],
    meaning:
      'Up to 32 tags for the [audit record](audit.md), as a JSON object of strings or `k=v,k=v`. What cannot be read is 400',
    on: 'stays here',
    kind: 'ours',
  },
  {
    names: ['x-ai-cache'],
    meaning:
      '`no-store`, `refresh` or `only`: what the client wants of the [response cache](../how-to/response-cache.md). `only` without a cached answer is 504 `policy_cache_miss`; another value is 400',
    on: 'stays here',
    kind: 'ours',
  },
  {
    names: ['anthropic-version', 'anthropic-beta', 'openai-beta'],
    meaning: 'What the vendors’ SDKs say of the version they speak',
    on: 'goes on to the provider',
    kind: 'protocol',
  },
  {
    names: ['user-agent'],
    meaning: 'The client’s own name',
    on: 'goes on, with ours behind it',
    kind: 'protocol',
  },
  {
    names: ['traceparent', 'tracestate'],
    meaning:
      'The [trace](../how-to/traces.md) that the request belongs to, by W3C Trace Context. What is malformed is ignored',
    on: 'goes on, with our span in it, to providers with `traceContext`',
    kind: 'protocol',
  },
  {
    names: ['expect'],
    meaning: '`100-continue` is answered; any other expectation is 417',
    on: 'stays here',
    kind: 'protocol',
  },
  {
    names: ['origin'],
    meaning: '403 unless `server.cors` lists it; preflights of listed origins are answered',
    on: 'stays here',
    kind: 'protocol',
  },
]

/** All that answers carry, besides what every answer of HTTP does. */
export const responseHeaders: readonly HeaderDescription[] = [
  {
    names: ['x-request-id'],
    meaning: '`req_…`, as in the log',
    on: 'all but health routes and `/openapi.json`',
    kind: 'ours',
  },
  {
    names: ['request-id'],
    meaning: 'The same, where Anthropic’s SDKs look',
    on: '`/v1/messages` and below',
    kind: 'ours',
  },
  {
    names: ['x-ai-provider', 'x-ai-model', 'x-ai-endpoint'],
    meaning:
      'Who answered, and the model’s name there. The endpoint is `alias/name`, or the provider’s name. A failure names the provider alone',
    on: 'answers',
    kind: 'ours',
  },
  {
    names: ['x-ai-attempts'],
    meaning: 'Upstream attempts that were made; 0 where the answer came from the cache',
    on: 'answers, and refusals that cost attempts',
    kind: 'ours',
  },
  {
    names: ['x-ai-cache'],
    meaning: '`hit`, `miss` or `bypass`: [response cache](../how-to/response-cache.md)',
    on: 'where the response cache is on',
    kind: 'ours',
  },
  {
    names: ['x-ai-lane'],
    meaning: '`pass`, `splice` or `translate`: [lanes](#lanes)',
    on: 'answers',
    kind: 'ours',
  },
  {
    names: ['x-ai-losses'],
    meaning:
      '`2; messages.0.name,added: max_tokens`: how many and which, at most 1 KB. Of the request only: the head goes out before the answer is known',
    on: 'translated answers',
    kind: 'ours',
  },
  {
    names: ['server-timing'],
    meaning: '`gateway;dur=…, upstream;dur=…` in milliseconds',
    on: 'answers',
    kind: 'ours',
  },
  {
    names: ['x-ai-upstream-request-id'],
    meaning: 'The provider’s own id',
    on: 'answers',
    kind: 'ours',
  },
  {
    names: ['x-ai-upstream-ratelimit-*', 'x-ai-upstream-anthropic-ratelimit-*'],
    meaning: 'The provider’s limits, under these names',
    on: 'answers',
    kind: 'ours',
  },
  {
    names: ['x-ratelimit-limit-requests', 'x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
    meaning:
      'The tightest limit that binds the caller, or the one with the longest wait where any refuses; the reset as `1234ms`. `requests: 600/1m` lets 600 through at once and then one every 100 ms (a token bucket, as providers count): never more than twice the limit in any one window. A request that one rule refuses counts against none',
    on: 'where `limits` bind the caller',
    kind: 'ours',
  },
  {
    names: ['retry-after', 'retry-after-ms'],
    meaning: 'When to come back, in seconds rounded up, and in milliseconds',
    on: 'errors',
    kind: 'ours',
  },
  {
    names: ['x-should-retry'],
    meaning: '`false`: the request was already repeated here as often as it may be',
    on: 'errors',
    kind: 'ours',
  },
  {
    names: ['cache-control', 'x-accel-buffering'],
    meaning: '`no-cache` and `no`, so that no proxy holds a stream back; on health routes `no-store`',
    on: 'streams',
    kind: 'protocol',
  },
  {
    names: ['allow'],
    meaning: 'The methods that the route takes',
    on: '405',
    kind: 'protocol',
  },
  {
    names: [
      'access-control-allow-origin',
      'access-control-allow-methods',
      'access-control-allow-headers',
      'access-control-expose-headers',
      'access-control-max-age',
      'vary',
    ],
    meaning: 'What a browser asks for',
    on: 'origins that `server.cors` lists',
    kind: 'protocol',
  },
]
