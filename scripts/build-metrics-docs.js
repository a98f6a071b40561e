// Writes docs/reference/metrics.md from the table of series, so that the page lists what a scrape has.
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const intro = `# Metrics

<!-- Written by \`node scripts/build-metrics-docs.js\` from packages/ai-service/src/telemetry/series-specs.ts; change the table or the script, not this page. -->

\`GET /metrics\` on the metrics listener, \`127.0.0.1:9464\` by default (\`server.metrics\`, \`AI_SERVICE_METRICS_HOST\`,
\`AI_SERVICE_METRICS_PORT\`; port 0 switches it off), in Prometheus' text format 0.0.4. It serves nothing else and asks for
no key: keep it on an address that only your scraper reaches. \`telemetry.metrics.enabled: false\` switches metrics off;
without the audit trail streams are then no longer asked for usage.

Scrape configuration, alert rules and a dashboard for Grafana are in [how-to/metrics.md](../how-to/metrics.md); what to do
about an alert is in [how-to/alerts.md](../how-to/alerts.md).
`

/** Values that each label may have. */
export const labelValues = {
  provider: 'the provider’s name in the configuration; `none` where no target was reached for',
  model:
    'as the provider was asked. A model that neither the configuration nor the catalogue names is `other`, so that callers cannot make series',
  endpoint: '`alias/name` of an endpoint, else the provider’s configured name; `none`',
  dialect: '`openai-chat`, `openai-responses`, `anthropic-messages`',
  status: 'the HTTP status; 499 where the client left. A stream that broke after its beginning is 200 with a `code`',
  cause: '`memory`, `loop`',
  code: 'a code of [errors.md](errors.md), or `none`. Its prefix says who is to blame: `caller_` `policy_` `provider_` `service_`',
  outcome: `of attempts: \`answered\`, \`left\`, or why the attempt failed: \`unreachable\` \`timeout\` \`key-refused\` \`quota-exhausted\` \`rate-limited\` \`overloaded\` \`not-found\` \`rejected\` \`failed\` \`truncated\` \`invalid-response\` \`too-large\` \`redirected\` \`queue-full\`; of [audit records](audit.md): \`recorded\` \`spooled\` \`printed\` \`dropped\`; of new values of keys: \`rotated\` \`refused\` \`unreadable\``,
  kind: '`input` `cache_read` `cache_write` `output` `reasoning`. They do not overlap: their sum is all tokens. Audio counts as input and output',
  team: 'of the caller key; `none`',
  path: 'in the client’s own words without indices: `messages.content.cache_control`. A path with a word that no dialect has is `other`',
  limit:
    'whose limit and of what: `global`, `key`, `user` or `team`, then `requests` or `concurrent`, as in `team requests`',
  result:
    '`hit` `miss` `bypass`; `error`: a look-up or a write that the shared store did not take, besides the `miss` of the request',
  queue: '`upstream:<provider>`, `audit`',
  key: 'the key’s name in the configuration; it stays through rotations',
  hash: 'of the configuration: replicas that show two of them run two configurations',
  signal: '`logs`',
  version: 'of the service, or of Node',
}

const outro = `Tokens that no provider reported are not counted; nothing is guessed. A model whose price the catalogue does not know adds
nothing to \`ai_cost_usd_total\`, and neither does an answer of the cache. Series appear with their first request: a counter
that nobody has needed yet is absent, not 0.
`

/** The whole page. */
export function renderMetricsReference({ seriesSpecs, runtimeSpecs }) {
  const specs = [...Object.values(seriesSpecs), ...Object.values(runtimeSpecs)]
  const labels = Object.entries(labelValues).map(([label, values]) => `| \`${label}\` | ${values} |`)
  return [
    intro,
    `## Series\n\n| series | type | labels | meaning |\n|---|---|---|---|\n${specs.map(row).join('\n')}\n`,
    `## Labels\n\n| label | values |\n|---|---|\n${labels.join('\n')}\n`,
    outro,
    buckets(specs),
  ].join('\n')
}

function row({ name, type, help, labelNames = [] }) {
  const labels = labelNames.map((label) => `\`${label}\``).join(' ')
  return `| \`${name}\` | ${type} | ${labels} | ${help.replaceAll('|', '\\|').replaceAll('<', '&lt;')} |`
}

function buckets(specs) {
  const rows = specs
    .filter(({ bounds }) => bounds !== undefined)
    .map(({ name, bounds }) => `| \`${name}\` | ${bounds.join(' ')} |`)
  return `## Buckets\n\nUpper bounds in seconds; the last bucket of each is \`+Inf\`.\n\n| series | bounds |\n|---|---|\n${rows.join('\n')}\n`
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const specs = await import('../packages/ai-service/src/telemetry/series-specs.ts')
  writeFileSync(new URL('../docs/reference/metrics.md', import.meta.url), renderMetricsReference(specs))
}
