// Writes docs/reference/config.md from the schema, so that the page cannot say what the service does not do.
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const intro = `# Configuration

<!-- Written by \`node scripts/build-config-docs.js\` from packages/ai-service/src/config; change the schema, not this page. -->

None is needed: without a file every provider whose key variable is set is configured. With one, it is found by
\`--config\`, \`AI_SERVICE_CONFIG\`, \`./ai-service.yaml\` (or \`.json\`), \`/etc/ai-service/ai-service.yaml\`, in this order, and
relative paths in it start at its folder. Explicit settings win over the environment, which wins over defaults.
\`ai-service check\` says what a file means; \`ai-service schema\` prints the JSON Schema that editors and charts use.

Unknown keys are errors. What a later version has is refused by name. A mistake is reported with file, line, column and
path, what was found and what is expected, and nothing starts: exit code 78. No value is ever repeated in a message.

## Forms

| form | written as |
|---|---|
| duration | \`250ms\`, \`30s\`, \`5m\`, \`24h\`, \`7d\` |
| size | \`256KiB\`, \`32MiB\`, \`1GB\` |
| rate | \`600/1m\`, \`10/s\` |
| date | \`2027-01-01\` (midnight UTC), \`2027-01-01T12:00:00Z\` |
| reference | \`env:NAME\`, \`file:/path\` (one newline at the end dropped) or \`vault:mount/path#field\`; never the secret itself, never \`\${NAME}\`. One that is empty is an error |
| URL value | a URL, a reference in its place, or \`\${NAME}\` inside it. A password written out works, with a warning, and is never shown |
`

const environment = `## Environment

| variable | meaning |
|---|---|
| \`OPENAI_API_KEY\`, \`ANTHROPIC_API_KEY\`, … | configures that provider; also as a file \`/run/secrets/ai-service/<VARIABLE>\` |
| \`OPENAI_BASE_URL\`, \`ANTHROPIC_BASE_URL\`, … | the base URL of that provider; a private address written here is taken as meant |
| \`AI_SERVICE_CONFIG\` | path of the configuration file |
| \`AI_SERVICE_HOST\`, \`AI_SERVICE_PORT\` | address of the data listener |
| \`AI_SERVICE_METRICS_HOST\`, \`AI_SERVICE_METRICS_PORT\` | address of the metrics listener; port 0 switches it off |
| \`AI_SERVICE_CALLER_KEY\` | one caller key, with the id \`default\`, beside those of \`auth.keys\`: one that \`keys create\` printed, or any 32 to 256 random printable characters; also as a file \`/run/secrets/ai-service/AI_SERVICE_CALLER_KEY\` |
| \`AI_SERVICE_DATA_FOLDER\` | where state is kept that no path is given for; default \`data\` beside the configuration |
| \`AI_SERVICE_AUDIT_SINKS\` | \`audit.sinks\` where the configuration has none: \`store\`, \`stdout\` or \`store,stdout\` |
| \`AI_SERVICE_CONTAINER\` | set by the image: \`check\` and the log warn where the audit trail ends with the container or pod |
| \`AI_API_KEY\` | the key of the one provider that has none of its own; alone, OpenAI's |
| \`AI_BASE_URL\` | the base URL of the one provider that has none of its own; alone, an OpenAI-compatible server's |
| \`AI_PROXY_URL\` | proxy of every provider that says nothing of its own |
| \`AI_TIMEOUT_SECS\` | \`server.timeout\`, in seconds |
| \`AI_HTTP_POOL_MAX_IDLE_PER_HOST\` | \`server.poolSize\` |
| \`AI_HTTP_POOL_IDLE_TIMEOUT_MS\` | \`providers.<name>.idleTimeout\`, in milliseconds |
| \`HTTP_PROXY\`, \`HTTPS_PROXY\`, \`NO_PROXY\` | as in curl; lower case wins |
| \`OTEL_EXPORTER_OTLP_ENDPOINT\`, \`_HEADERS\`, \`_CERTIFICATE\`, \`_COMPRESSION\`, \`_TIMEOUT\` (ms) | \`telemetry.traces\`; \`OTEL_EXPORTER_OTLP_TRACES_…\` wins over each, its endpoint is taken as it stands |
| \`OTEL_TRACES_SAMPLER\`, \`OTEL_TRACES_SAMPLER_ARG\` | \`telemetry.traces.sample\`, \`.followParent\`: \`always_on\`, \`always_off\`, \`traceidratio\`, each with \`parentbased_\` before it too |
| \`OTEL_SERVICE_NAME\`, \`OTEL_RESOURCE_ATTRIBUTES\` | \`telemetry.traces.resource\` |
| \`OTEL_BSP_MAX_QUEUE_SIZE\`, \`OTEL_BSP_SCHEDULE_DELAY\` (ms) | \`telemetry.traces.queue\`, \`.interval\` |
| \`OTEL_SDK_DISABLED=true\`, \`OTEL_TRACES_EXPORTER=none\` | switch off what only these variables have asked for |
| \`NODE_EXTRA_CA_CERTS\` | PEM file of certificates trusted besides the system's, for every provider |
`

/** The whole page. */
export function renderConfigReference(schema) {
  const rows = []
  const later = []
  collect(schema, '', rows, later)
  const sections = new Map()
  for (const row of rows) {
    const name = row.path.split('.')[0].replace('[]', '')
    sections.set(name, [...(sections.get(name) ?? []), row])
  }
  const scalars = [...sections].filter(([, list]) => list.length === 1).flatMap(([, list]) => list)
  const parts = [...sections]
    .filter(([, list]) => list.length > 1)
    .map(([name, list]) => renderSection(name, list, schema))
  return [
    intro,
    ...parts,
    `## Names that Helm values have used\n\n${table(scalars)}
Either name works; both at once are an error.\n`,
    environment,
    `## Not available in this version\n\nRefused by name: ${later.map((path) => `\`${path}\``).join(', ')}; also \`server.workers\`
above 1, \`auth.mode: jwt\`, \`audit.level: content\`, and references \`aws-sm:\`, \`gcp-sm:\`, \`azure-kv:\`.\n`,
  ].join('\n')
}

function renderSection(name, rows, schema) {
  const description = schema.properties[name].description
  return `## ${name}\n\n${description === undefined ? '' : `${description}\n\n`}${table(rows)}`
}

function table(rows) {
  const lines = rows.map(({ path, form, meaning }) => `| \`${path}\` | ${form} | ${meaning} |`)
  return `| key | value | meaning |\n|---|---|---|\n${lines.join('\n')}\n`
}

function collect(schema, path, rows, later) {
  const required = new Set(schema.required ?? [])
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const here = path === '' ? key : `${path}.${key}`
    if (value.not !== undefined) later.push(here)
    else addRow(value, here, required.has(key), rows, later)
  }
}

function addRow(value, path, isRequired, rows, later) {
  if (value.type === 'array' && value.items.properties !== undefined)
    return collect(value.items, `${path}[]`, rows, later)
  if (value.properties !== undefined) return collect(value, path, rows, later)
  if (value.additionalProperties?.properties !== undefined) {
    return collect(value.additionalProperties, `${path}.<name>`, rows, later)
  }
  const meaning = `${isRequired ? '**Required.** ' : ''}${value.description ?? ''}`.trim()
  rows.push({ path, form: formOf(value), meaning: meaning.replaceAll('|', '\\|') })
}

function formOf(value) {
  if (value.type === 'array') return `list of ${formOf(value.items)}`
  if (value.additionalProperties !== undefined && value.additionalProperties !== false) return 'names and values'
  const choices = value.enum ?? value.anyOf?.map((one) => one.const)
  if (choices !== undefined) return choices.map((one) => `\`${one}\``).join(', ')
  if (value.type === 'boolean') return '`true`, `false`'
  if (value.type === 'integer') return `${value.minimum} to ${value.maximum}`
  if (value.type === 'number' && value.exclusiveMinimum === undefined) return `${value.minimum} to ${value.maximum}`
  if (value.type === 'number') return `above ${value.exclusiveMinimum}, up to ${value.maximum}`
  return formOfText(value.pattern ?? '')
}

function formOfText(pattern) {
  if (pattern.endsWith('(?:ms|s|m|h|d)$')) return pattern.includes('\\/') ? 'rate' : 'duration'
  if (pattern.includes('KiB')) return 'size'
  if (pattern.startsWith('^\\d{4}-')) return 'date'
  if (pattern.startsWith('^(env|file)')) return 'reference'
  return pattern === '' ? 'URL value' : 'text'
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { configJsonSchema } = await import('../packages/ai-service/src/config/schema.ts')
  writeFileSync(new URL('../docs/reference/config.md', import.meta.url), renderConfigReference(configJsonSchema()))
}
