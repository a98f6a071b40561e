// Starts the probes that the configuration asks for: one timer per endpoint, however many aliases name it.
import { systemClock } from 'ai-lib/internal/attempts/clock'
import type { EndpointHealth } from 'ai-lib/internal/attempts/endpoint-health'
import type { HealthBook } from 'ai-lib/internal/attempts/health-book'
import { ProbeTimer } from 'ai-lib/internal/attempts/probe-timer'
import type { Upstream } from 'ai-lib/internal/attempts/target'
import type { Config, HealthProbeConfig } from '../config/config.ts'
import type { AliasMember } from '../exchange/route.ts'
import { partKey } from '../config/part-key.ts'
import type { Leases, SharedParts } from './shared-parts.ts'

export interface ProbedPlaces {
  /** The endpoints of an alias. */
  membersOf(alias: string): readonly AliasMember[]
  /** What an upstream is made of. */
  keyOf(upstream: Upstream): string
}

interface Due {
  readonly member: AliasMember
  readonly health: HealthProbeConfig
}

export function openProbes(
  config: Config,
  { membersOf, keyOf }: ProbedPlaces,
  { book, probes }: { readonly book: HealthBook; readonly probes: SharedParts<ProbeTimer> },
  leases: Leases,
): void {
  const due = new Map<EndpointHealth, Due>()
  for (const { name, health } of config.models.values()) {
    if (health.probe === 'none') continue
    for (const member of membersOf(name)) {
      // What was taken out by hand gets nothing, probes included.
      if (member.mark?.healthy === false) continue
      const endpoint = book.of(member.upstream, member.model)
      const known = due.get(endpoint)
      // Two aliases with one endpoint: the shorter interval serves both.
      if (!known || health.intervalMs < known.health.intervalMs) due.set(endpoint, { member, health })
    }
  }
  for (const [endpoint, { member, health }] of due) {
    const { probe: kind, timeoutMs, intervalMs } = health
    if (kind === 'none') continue
    const { upstream, model } = member
    leases.take(probes, partKey(keyOf(upstream), model, health), () => {
      const parts = { clock: systemClock, random: Math.random }
      return new ProbeTimer({ upstream, model, kind, timeoutMs }, endpoint, intervalMs, parts)
    })
  }
}
