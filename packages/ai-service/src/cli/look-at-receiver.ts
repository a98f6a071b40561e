// Whether the receiver of traces takes them: an export without a span. The service runs without it.
import { createHttpTransport } from 'ai-lib/internal/transport/http-transport'
import { otlpWay } from '../app/otlp-way.ts'
import { transportParts } from '../app/open-upstreams.ts'
import type { Config } from '../config/config.ts'
import { type Finding, unwell, well } from './finding.ts'

const timeoutMs = 3_000
const nothing = Buffer.from('{"resourceSpans":[]}')

/** Nothing where the configuration traces nothing. */
export async function lookAtReceiver(config: Config, version: string): Promise<readonly Finding[]> {
  const { traces } = config.telemetry
  if (traces === undefined) return []
  const { url, options, headers } = otlpWay(traces, config, version)
  const channel = createHttpTransport(transportParts(config)).open({
    ...options,
    connectTimeoutMs: timeoutMs,
    queueTimeoutMs: timeoutMs,
  })
  const why = await new Promise<string | undefined>((resolve) => {
    const flight = channel.send(
      { method: 'POST', path: url.pathname, headers, body: nothing, stream: false },
      {
        head: (status) => {
          resolve(status >= 200 && status < 300 ? undefined : `it answers with status ${status}`)
          flight.destroy()
        },
        data: () => undefined,
        end: () => undefined,
        fail: ({ kind }) => resolve(`it is not reached (${kind})`),
      },
    )
    setTimeout(() => {
      resolve('it does not answer')
      flight.destroy()
    }, timeoutMs).unref()
  })
  await channel.close()
  if (why === undefined) return [well('traces', `${url.host} takes them`)]
  const todo =
    'Look whether telemetry.traces.otlp names the receiver’s port of OTLP over HTTP, as a rule 4318, and what it wants in headers.'
  return [unwell('traces', `${url.host}: ${why}; the service runs without it`, todo, 'warn')]
}
