// `providers.<name>:` — where a provider is, with which keys and how patiently.
import * as z from 'zod'
import {
  duration,
  filePath,
  flag,
  list,
  plainName,
  reference,
  section,
  share,
  text,
  urlValue,
  weight,
  whole,
} from './field.ts'

const providerTimeouts = section({
  connect: duration().optional().meta({ description: 'To connect, TLS included. Default 5s.' }),
  head: duration().optional().meta({ description: 'To the head of a stream. Default 60s.' }),
  firstToken: duration().optional().meta({ description: 'To the first content of a stream. Default 300s.' }),
  idle: duration().optional().meta({ description: 'Between bytes. Default 300s.' }),
  total: duration()
    .optional()
    .meta({ description: 'Of a whole answer or stream. Default 600s for whole answers, none for streams.' }),
})

const queue = section({
  max: whole(1, 1_000_000).optional().meta({ description: 'Requests that may wait; one more gets 503. Default 1000.' }),
  timeout: duration().optional().meta({ description: 'How long one may wait. Default 30s.' }),
  callerShare: share().optional().meta({
    description: 'What one caller may have of the sockets and of the places in the queue. Default 1: all of them.',
  }),
}).meta({ description: 'Requests that wait for a socket, callers served in turn.' })

const headerValue = text('a header value in printable ASCII', /^[\x20-\x7e]*$/, 4096)
const headerName = text('a header name', /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 128)

export const providerSection = section({
  kind: plainName('a kind of provider').optional().meta({
    description:
      'Which provider this is, where the name does not say it: `openai-compatible`, or a known provider’s name.',
  }),
  baseUrl: urlValue('a URL such as https://api.example.com/v1').optional().meta({
    description: 'As the vendor documents it for its own SDK. A URL, a reference, or a URL with `${NAME}` in it.',
  }),
  region: plainName('a region').optional().meta({ description: 'One of the provider’s regions, where it has some.' }),
  keys: list(
    section({
      name: plainName('a name').optional().meta({ description: 'For logs and metrics. Default key-1, key-2, ….' }),
      secret: reference().meta({ description: 'The key.' }),
      weight: weight().optional().meta({ description: 'Share of requests. Default 1.' }),
    }),
    'keys',
    0,
    1000,
  )
    .optional()
    .meta({ description: 'Default: the provider’s own variable, if it is set.' }),
  headers: z
    .record(headerName, headerValue, { error: 'a section of header names and values' })
    .optional()
    .meta({ description: 'Sent with every request. Not for keys.' }),
  proxy: urlValue('a proxy URL such as http://proxy:8080')
    .optional()
    .meta({ description: 'HTTP(S) proxy: a URL, a reference, or a URL with `${NAME}` in it.' }),
  disableProxy: flag().optional().meta({ description: 'Connects directly, whatever the environment says.' }),
  ca: filePath()
    .optional()
    .meta({ description: 'PEM file of certificates trusted besides the system’s: a path or `file:/path`.' }),
  private: flag()
    .optional()
    .meta({ description: 'Lets this provider and its endpoints have loopback or private addresses. Default false.' }),
  traceContext: flag().optional().meta({
    description:
      'Whether it gets `traceparent` and `tracestate` of the trace that a request belongs to. Default: as `private`, where `telemetry.traces` is set; else false.',
  }),
  poolSize: whole(1, 10_000).optional().meta({ description: 'Sockets to it. Default server.poolSize.' }),
  idleTimeout: duration().optional().meta({ description: 'How long an unused socket stays open. Default 60s.' }),
  keepAlive: flag().optional().meta({
    description: 'False gives each request a connection of its own, for an upstream that is not trusted. Default true.',
  }),
  queue: queue.optional(),
  timeouts: providerTimeouts.optional(),
})
