// Whether each provider answers, and why not; what their answers say of the time comes along.
import type { Config, ProviderConfig } from '../config/config.ts'
import type { CliParts } from './context.ts'
import { type Finding, unwell, well } from './finding.ts'
import type { ClockReading } from './look-at-clock.ts'
import { reach } from './reach.ts'

export interface LookedAtProvider {
  readonly finding: Finding
  readonly clock: readonly ClockReading[]
}

export function lookAtProviders(config: Config, parts: CliParts): Promise<readonly LookedAtProvider[]> {
  return Promise.all([...config.providers.values()].map((provider) => lookAt(provider, config, parts)))
}

async function lookAt(provider: ProviderConfig, config: Config, { nowMs }: CliParts): Promise<LookedAtProvider> {
  const what = `network ${provider.name}`
  if (provider.baseUrl === undefined) return { finding: well(what, 'built in'), clock: [] }
  const { host } = new URL(provider.baseUrl)
  const result = await reach(provider, provider.baseUrl, config)
  switch (result.kind) {
    case 'failed':
      return { finding: unwell(what, `${host} is not reached: ${result.why}`, result.todo), clock: [] }
    case 'slow':
      return {
        finding: unwell(
          what,
          `${host} is slow: connected, but no answer in ${result.afterMs / 1_000} s${result.through}`,
          `Look whether the provider has an outage; requests wait as long as providers.${provider.name}.timeouts allow.`,
        ),
        clock: [],
      }
    case 'reached': {
      const theirsMs = result.date === undefined ? Number.NaN : Date.parse(result.date)
      const clock = Number.isNaN(theirsMs) ? [] : [{ host, aheadMs: nowMs() - theirsMs }]
      return {
        finding: well(what, `${host} answers with status ${result.status} in ${result.tookMs} ms${result.through}`),
        clock,
      }
    }
  }
}
