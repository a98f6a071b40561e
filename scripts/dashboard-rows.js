// What the dashboard shows, row by row: panels with their queries. How they become Grafana's JSON is build-dashboard.js.

// Every query is narrowed by the variables that its series has labels for.
const own = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"'
const model = `${own}, provider=~"$provider", model=~"$model"`
const provider = `${own}, provider=~"$provider"`
const rate = '[$__rate_interval]'

const perSecond = (by, series, where = own) => `sum by (${by}) (rate(${series}{${where}}${rate}))`
const share = (part, whole) => `sum(rate(${part}${rate})) / sum(rate(${whole}${rate}))`
/** Names a figure 0 where nothing of the kind has happened yet, so that a panel says so and not "no data". */
const orNothing = (expression) => `(${expression}) or vector(0)`

function quantiles(series, where = model) {
  return [0.5, 0.95, 0.99].map((share) => [
    `histogram_quantile(${share}, sum by (le) (rate(${series}_bucket{${where}}${rate})))`,
    `p${share * 100}`,
  ])
}

const p95 = (by, series) =>
  `histogram_quantile(0.95, sum by (${by}, le) (rate(${series}_bucket{${model}, ${by}!="none"}${rate})))`

/** @type {readonly { readonly title: string, readonly panels: readonly object[] }[]} */
export const rows = [
  {
    title: 'Overview',
    panels: [
      stat('Instances', `count(ai_service_build_info{${own}})`, 'none'),
      stat('Alerts', orNothing('count(ALERTS{alertname=~"AiService.*", alertstate="firing"})'), 'none', alarm(1, 3)),
      stat('Requests', `sum(rate(ai_requests_total{${own}}${rate}))`, 'reqps'),
      stat(
        'Errors: the service',
        orNothing(share(`ai_errors_total{${own}, code=~"service_.*"}`, `ai_requests_total{${own}}`)),
        'percentunit',
        alarm(0.01, 0.05),
      ),
      stat(
        'Errors: providers',
        orNothing(share(`ai_errors_total{${own}, code=~"provider_.*"}`, `ai_requests_total{${own}}`)),
        'percentunit',
        alarm(0.01, 0.05),
      ),
      stat('p95 of answers', quantiles('ai_request_duration_seconds')[1][0], 's'),
      stat('p95 of first tokens', quantiles('ai_time_to_first_token_seconds')[1][0], 's'),
      stat('USD per hour', `sum(rate(ai_cost_usd_total{${model}}${rate})) * 3600`, 'currencyUSD'),
    ],
  },
  {
    title: 'Traffic',
    panels: [
      graph('Requests by provider', [[perSecond('provider', 'ai_requests_total', model), '{{provider}}']], 'reqps'),
      graph('Requests by model', [[perSecond('model', 'ai_requests_total', model), '{{model}}']], 'reqps'),
      graph('Requests by status', [[perSecond('status', 'ai_requests_total', model), '{{status}}']], 'reqps'),
      graph('Requests by endpoint', [[perSecond('endpoint', 'ai_requests_total', model), '{{endpoint}}']], 'reqps'),
      graph('Requests by dialect', [[perSecond('dialect', 'ai_requests_total', model), '{{dialect}}']], 'reqps'),
      graph('Streams under way', [[`sum by (instance) (ai_streams_open{${own}})`, '{{instance}}']], 'short'),
    ],
  },
  {
    title: 'Errors',
    panels: [
      graph(
        'Errors by whose fault',
        [
          [
            `sum by (fault) (label_replace(rate(ai_errors_total{${own}}${rate}), "fault", "$1", "code", "([a-z]+)_.*"))`,
            '{{fault}}',
          ],
        ],
        'reqps',
      ),
      graph('Errors by code', [[perSecond('code', 'ai_errors_total'), '{{code}}']], 'reqps'),
      graph('Attempts by outcome', [[perSecond('outcome', 'ai_attempts_total'), '{{outcome}}']], 'reqps'),
      graph(
        'Attempts that failed, by endpoint',
        [[perSecond('endpoint', 'ai_attempts_total', `${own}, outcome!~"answered|left"`), '{{endpoint}}']],
        'reqps',
      ),
      graph('Losses of translation', [[perSecond('path', 'ai_losses_total'), '{{path}}']], 'short'),
    ],
  },
  {
    title: 'Latency',
    panels: [
      graph('Answers', quantiles('ai_request_duration_seconds'), 's'),
      graph('First tokens', quantiles('ai_time_to_first_token_seconds'), 's'),
      graph('Between tokens', quantiles('ai_inter_token_seconds'), 's'),
      graph("The service's own time", quantiles('ai_overhead_seconds', own), 's'),
      graph('p95 of answers by provider', [[p95('provider', 'ai_request_duration_seconds'), '{{provider}}']], 's'),
      graph('p95 of first tokens by model', [[p95('model', 'ai_time_to_first_token_seconds'), '{{model}}']], 's'),
      heatmap('Answers', `sum by (le) (increase(ai_request_duration_seconds_bucket{${model}}${rate}))`),
    ],
  },
  {
    title: 'Tokens and money',
    panels: [
      graph('Tokens by kind', [[perSecond('kind', 'ai_tokens_used_total', model), '{{kind}}']], 'short'),
      graph('Tokens by model', [[perSecond('model', 'ai_tokens_used_total', model), '{{model}}']], 'short'),
      graph(
        "Input that providers' caches had",
        [
          [
            share(
              `ai_tokens_used_total{${model}, kind="cache_read"}`,
              `ai_tokens_used_total{${model}, kind=~"input|cache_read|cache_write"}`,
            ),
            'share',
          ],
        ],
        'percentunit',
      ),
      graph(
        'USD per hour by model',
        [[`${perSecond('model', 'ai_cost_usd_total', model)} * 3600`, '{{model}}']],
        'currencyUSD',
      ),
      graph(
        'USD per hour by team',
        [[`${perSecond('team', 'ai_cost_usd_total', model)} * 3600`, '{{team}}']],
        'currencyUSD',
      ),
      table(
        'USD by team in this time',
        `sum by (team) (increase(ai_cost_usd_total{${model}}[$__range]))`,
        'currencyUSD',
      ),
    ],
  },
  {
    title: 'Providers',
    panels: [
      timeline('Endpoints', `min by (endpoint) (ai_endpoint_healthy{${own}})`, '{{endpoint}}', {
        0: ['red', 'out'],
        1: ['green', 'healthy'],
      }),
      timeline('Breakers', `max by (endpoint) (ai_breaker_state{${own}})`, '{{endpoint}}', {
        0: ['green', 'closed'],
        1: ['yellow', 'half-open'],
        2: ['red', 'open'],
      }),
      timeline('Keys', `max by (provider, key) (ai_provider_key_state{${provider}})`, '{{provider}} {{key}}', {
        0: ['green', 'ready'],
        1: ['blue', 'on probation'],
        2: ['yellow', 'cooling'],
        3: ['orange', 'quota exhausted'],
        4: ['red', 'refused'],
        5: ['purple', 'source away'],
      }),
      graph(
        'New values of keys',
        [
          [
            `sum by (provider, outcome) (increase(ai_key_rotations_total{${provider}}[$__range]))`,
            '{{provider}} {{outcome}}',
          ],
        ],
        'short',
      ),
      graph(
        'Requests that wait for a connection',
        [[`sum by (queue) (ai_queue_depth{${own}, queue=~"upstream:.*"})`, '{{queue}}']],
        'short',
      ),
    ],
  },
  {
    title: 'Cache and limits',
    panels: [
      graph('Cache by result', [[perSecond('result', 'ai_cache_total'), '{{result}}']], 'reqps'),
      graph(
        'Share of hits',
        [[share(`ai_cache_total{${own}, result="hit"}`, `ai_cache_total{${own}, result=~"hit|miss"}`), 'hits']],
        'percentunit',
      ),
      graph('Refused by limits', [[perSecond('limit', 'ai_limit_rejections_total'), '{{limit}}']], 'reqps'),
    ],
  },
  {
    title: 'Audit and backups',
    panels: [
      timeline('The trail', `min by (instance) (ai_audit_recording{${own}})`, '{{instance}}', {
        0: ['red', 'stalled'],
        1: ['green', 'recording'],
      }),
      graph(
        'Records by what became of them',
        [[perSecond('outcome', 'ai_audit_records_total'), '{{outcome}}']],
        'short',
      ),
      graph(
        'Records that wait',
        [[`sum by (instance) (ai_queue_depth{${own}, queue="audit"})`, '{{instance}}']],
        'short',
      ),
      stat('Age of the oldest last backup', `max(time() - ai_backup_last_success_timestamp_seconds{${own}})`, 's'),
      stat('Interval of backups', `min(ai_backup_interval_seconds{${own}})`, 's'),
    ],
  },
  {
    title: 'Configuration',
    panels: [
      stat('Configurations that serve', `count(count by (hash) (ai_config_version_info{${own}}))`, 'none', alarm(2, 3)),
      timeline('What is on disk', `min by (instance) (ai_config_last_reload_successful{${own}})`, '{{instance}}', {
        0: ['red', 'rejected'],
        1: ['green', 'serves'],
      }),
      graph(
        'Other configurations that were found',
        [[`sum by (outcome) (increase(ai_config_reload_total{${own}}${rate}))`, '{{outcome}}']],
        'short',
      ),
      table('Which serves where', `ai_config_version_info{${own}}`, 'none'),
      table('Versions', `ai_service_build_info{${own}}`, 'none'),
    ],
  },
  {
    title: 'Process',
    panels: [
      graph('CPU', [[perSecond('instance', 'process_cpu_seconds_total'), '{{instance}}']], 'short'),
      graph(
        'Memory',
        [
          [`process_resident_memory_bytes{${own}}`, '{{instance}} resident'],
          [`ai_memory_limit_bytes{${own}}`, '{{instance}} limit'],
        ],
        'bytes',
      ),
      graph(
        'Heap',
        [
          [`nodejs_heap_size_used_bytes{${own}}`, '{{instance}} used'],
          [`nodejs_heap_size_total_bytes{${own}}`, '{{instance}} allocated'],
          [`nodejs_external_memory_bytes{${own}}`, '{{instance}} outside'],
        ],
        'bytes',
      ),
      graph(
        'Delay of the event loop',
        [
          [`nodejs_eventloop_lag_p50_seconds{${own}}`, '{{instance}} p50'],
          [`nodejs_eventloop_lag_p99_seconds{${own}}`, '{{instance}} p99'],
          [`nodejs_eventloop_lag_max_seconds{${own}}`, '{{instance}} longest'],
        ],
        's',
      ),
      graph('Requests refused for too much', [[`ai_overload_refusing{${own}}`, '{{instance}} {{cause}}']], 'short'),
      graph('File descriptors', [[`process_open_fds{${own}}`, '{{instance}}']], 'short'),
      graph('Dropped telemetry', [[perSecond('signal', 'ai_telemetry_dropped_total'), '{{signal}}']], 'short'),
      graph('Spans by what became of them', [[perSecond('outcome', 'ai_trace_spans_total'), '{{outcome}}']], 'short'),
      graph('Uptime', [[`time() - process_start_time_seconds{${own}}`, '{{instance}}']], 's'),
      table('Node', `nodejs_version_info{${own}}`, 'none'),
    ],
  },
]

function stat(title, expr, unit, thresholds = []) {
  return { type: 'stat', title, width: 6, height: 4, unit, thresholds, targets: [[expr, '']] }
}

function graph(title, targets, unit) {
  return { type: 'timeseries', title, width: 8, height: 8, unit, targets }
}

function heatmap(title, expr) {
  return { type: 'heatmap', title, width: 8, height: 8, unit: 's', targets: [[expr, '{{le}}']] }
}

function table(title, expr, unit) {
  return { type: 'table', title, width: 8, height: 8, unit, targets: [[expr, '']] }
}

/** @param values colour and name by figure. */
function timeline(title, expr, legend, values) {
  return { type: 'state-timeline', title, width: 8, height: 8, unit: 'none', values, targets: [[expr, legend]] }
}

function alarm(yellow, red) {
  return [
    ['yellow', yellow],
    ['red', red],
  ]
}
