// `server:` — listeners, bounds and timers of the service itself.
import * as z from 'zod'
import {
  duration,
  filePath,
  flag,
  HOST,
  list,
  NOT_YET,
  port,
  reference,
  section,
  share,
  size,
  text,
  whole,
} from './field.ts'

const host = () => text('a host name or address', HOST, 255)

const workers = z
  .union([z.literal(1), z.literal('auto')], {
    error: ({ input }) =>
      typeof input === 'number' && Number.isInteger(input) && input > 1 ? `${NOT_YET} above 1` : '1 or auto',
  })
  .meta({ description: 'Worker threads; `auto` is 1 in this version.' })

const maxRetries = () => whole(0, 10).meta({ description: 'Further attempts of any kind after the first. Default 2.' })
const timeout = () =>
  duration().meta({
    description:
      'Total of a whole answer and first token of a stream, unless a provider says otherwise. Unset by default.',
  })
const poolSize = () =>
  whole(1, 10_000).meta({ description: 'Sockets per provider: each request under way has one. Default 1024.' })

const timeouts = section({
  headers: duration().optional().meta({ description: 'For the request head. Default 10s.' }),
  body: duration().optional().meta({ description: 'For the request body. Default 60s.' }),
  keepAlive: duration()
    .optional()
    .meta({ description: 'For an unused connection; above the load balancer’s. Default 75s.' }),
  ping: duration().optional().meta({ description: 'Between SSE comments on a silent stream. Default 15s.' }),
  writeStall: duration().optional().meta({ description: 'For a client that does not read. Default 30s.' }),
}).meta({ description: 'How long a client may take.' })

export const serverSection = section({
  host: host().optional().meta({ description: 'Default 127.0.0.1, or AI_SERVICE_HOST.' }),
  port: port().optional().meta({ description: 'Default 8080, or AI_SERVICE_PORT; 0 picks a free one.' }),
  admin: section({
    host: host().optional().meta({ description: 'Default 127.0.0.1.' }),
    port: port().optional().meta({ description: 'Default 8081; 0 switches it off.' }),
    credential: reference()
      .optional()
      .meta({ description: 'Key of the admin listener; without it the listener stays closed.' }),
  })
    .optional()
    .meta({ description: 'The admin listener. It has no routes in this version and stays closed.' }),
  metrics: section({
    host: host().optional().meta({ description: 'Default 127.0.0.1.' }),
    port: port().optional().meta({ description: 'Default 9464; 0 switches it off.' }),
  })
    .optional()
    .meta({ description: 'The listener of /metrics.' }),
  workers: workers.optional(),
  maxBody: size().optional().meta({ description: 'Largest request body. Default 32MiB.' }),
  maxBuffered: size().optional().meta({
    description: 'Request bodies held at one time, all together; beyond it 503. Default a quarter of the memory limit.',
  }),
  maxConnections: whole(1, 1_000_000)
    .optional()
    .meta({ description: 'Client connections at one time. Default 20000.' }),
  shutdownGrace: duration(0)
    .optional()
    .meta({ description: 'How long requests under way may take after SIGTERM. Default 600s.' }),
  drainDelay: duration(0)
    .optional()
    .meta({ description: 'Unready but still accepting, so that load balancers notice. Default 5s.' }),
  commit: section({
    hold: duration().optional().meta({ description: 'How long a stream’s head waits for content. Default 15s.' }),
    bytes: size().optional().meta({ description: 'How much of a stream may wait with it. Default 256KiB.' }),
  })
    .optional()
    .meta({ description: 'The commit gate: until it opens every failure is retried unseen.' }),
  maxRetries: maxRetries().optional(),
  timeout: timeout().optional(),
  poolSize: poolSize().optional(),
  timeouts: timeouts.optional(),
  dns: section({
    servers: list(
      text(
        'an IP address, with a port where it is not 53',
        /^(?:[0-9.]+|[0-9a-fA-F:]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/,
        64,
      ),
      'servers',
      1,
      10,
    ).meta({ description: 'Addresses such as 10.0.0.2 or 127.0.0.1:5353.' }),
    timeout: duration().optional().meta({ description: 'For one question to one server. Default 2s.' }),
  })
    .optional()
    .meta({ description: 'DNS servers to ask for upstreams and proxies, in place of the system’s resolver.' }),
  overload: section({
    enabled: flag().optional().meta({ description: 'Default true.' }),
    memoryLimit: size().optional().meta({
      description: 'What the shares are of. Default the limit of the container, else the memory of the machine.',
    }),
    closeAt: share().optional().meta({
      description: 'Share of the memory from which on answers close their connections. Default 0.92.',
    }),
    refuseAt: share().optional().meta({
      description: 'Share of the memory, or of the heap, from which on requests get 503. Default 0.95.',
    }),
    loopDelay: duration().optional().meta({
      description:
        'Requests get 503 while the event loop is late by more, each second for five seconds. Default 250ms.',
    }),
  })
    .optional()
    .meta({ description: 'When requests are refused because there is too much. Health routes never are.' }),
  cors: list(
    text('an origin such as https://app.example.com', /^https?:\/\/[A-Za-z0-9.:[\]-]+$/, 255),
    'origins',
    0,
    100,
  )
    .optional()
    .meta({ description: 'Origins of web pages that may call. Default none.' }),
  tls: section({
    cert: filePath().meta({ description: 'PEM file of the certificate chain: a path or `file:/path`.' }),
    key: reference().meta({ description: 'PEM private key.' }),
  })
    .optional()
    .meta({ description: 'Serves HTTPS on the data listener.' }),
}).meta({ description: 'Listeners, bounds and timers of the service itself.' })

/** Top-level names that Helm values have used for `server.*`. */
export const aliases = {
  max_retries: maxRetries().optional().meta({ description: 'Same as server.maxRetries.' }),
  timeout: timeout().optional().meta({ description: 'Same as server.timeout.' }),
  pool_size: poolSize().optional().meta({ description: 'Same as server.poolSize.' }),
}
