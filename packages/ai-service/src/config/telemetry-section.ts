// `telemetry:` — what the service tells of itself: log, metrics, traces.
import * as z from 'zod'
import { duration, filePath, flag, oneOf, section, text, urlValue, whole } from './field.ts'

const headerName = text('a header name', /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 128)
const headerValue = text('a reference, or a header value in printable ASCII', /^[\x20-\x7e]+$/, 4096)
const attributeName = text('a name such as deployment.environment.name', /^[A-Za-z][\w.\-/]{0,127}$/)
const attributeValue = text('a text of up to 256 characters', /^[^\0]+$/, 256)

const share = () => {
  const expected = 'a number from 0 to 1'
  return z.number({ error: expected }).min(0, { error: expected }).max(1, { error: expected })
}

const tracesSection = section({
  enabled: flag().optional().meta({ description: 'Default: true where an address is known.' }),
  otlp: urlValue('a URL such as http://collector:4318').optional().meta({
    description:
      'Receiver of OTLP over HTTP; `/v1/traces` is added unless it ends so. A URL, a reference, or a URL with `${NAME}` in it. Default OTEL_EXPORTER_OTLP_ENDPOINT.',
  }),
  headers: z.record(headerName, headerValue, { error: 'a section of header names and values' }).optional().meta({
    description:
      'Sent with every export. Credentials as a reference or with `${NAME}` in them. Default OTEL_EXPORTER_OTLP_HEADERS.',
  }),
  ca: filePath().optional().meta({
    description: 'PEM file of certificates trusted besides the system’s. Default OTEL_EXPORTER_OTLP_CERTIFICATE.',
  }),
  sample: share().optional().meta({
    description: 'Of the traces that begin here, the share that is recorded. Default 1, or OTEL_TRACES_SAMPLER.',
  }),
  followParent: flag().optional().meta({
    description:
      'Whether a request that comes with a `traceparent` is recorded as its caller has decided. Default true.',
  }),
  compression: oneOf(['none', 'gzip']).optional().meta({ description: 'Default none.' }),
  queue: whole(1, 1_000_000)
    .optional()
    .meta({ description: 'Spans that may wait; beyond it the oldest are dropped. Default 4096.' }),
  interval: duration().optional().meta({ description: 'How long spans wait for company. Default 5s.' }),
  timeout: duration().optional().meta({ description: 'For one export. Default 10s.' }),
  resource: z.record(attributeName, attributeValue, { error: 'a section of names and texts' }).optional().meta({
    description:
      'Attributes of the service, such as service.name. Over OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.',
  }),
}).meta({ description: 'Spans of requests and attempts, sent by OTLP. Default off.' })

export const telemetrySection = section({
  logs: section({
    level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .optional()
      .meta({ description: 'Default info.' }),
  }).optional(),
  metrics: section({
    enabled: flag().optional().meta({ description: 'Default true.' }),
  }).optional(),
  traces: tracesSection.optional(),
}).meta({ description: 'Logs, metrics and traces.' })
