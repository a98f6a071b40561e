// The way to a receiver of traces: its connection, through the environment's proxy, and the headers of every export.
import { Secret } from 'ai-lib/internal/errors/secret'
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import type { ChannelOptions } from 'ai-lib/internal/transport/transport'
import type { Config, TracesConfig } from '../config/config.ts'
import { proxyVariables } from './proxy-variables.ts'

export interface OtlpWay {
  readonly url: URL
  readonly options: ChannelOptions
  readonly headers: Readonly<Record<string, string>>
}

/** @param version of the service. */
export function otlpWay(traces: TracesConfig, { environmentProxy }: Config, version: string): OtlpWay {
  const url = new URL(traces.endpoint)
  const { origin } = url
  const proxy = resolveProxy({ origin, environment: proxyVariables(environmentProxy) })
  // A collector is on the same network, as a rule on the same machine.
  const options = { origin, ca: traces.ca, allowPrivate: true, poolSize: 1, ...(proxy === undefined ? {} : { proxy }) }
  return { url, options, headers: headersOf(traces, version) }
}

function headersOf({ headers }: TracesConfig, version: string): Readonly<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) all[name] = value instanceof Secret ? value.reveal() : value
  return { ...all, 'content-type': 'application/json', 'user-agent': `ai-service/${version}` }
}
