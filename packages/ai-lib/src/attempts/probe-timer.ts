// Probes one endpoint again and again: never two at a time, with jitter, holding no process open, until it is closed.
import type { Clock, Random } from './clock.ts'
import type { EndpointHealth } from './endpoint-health.ts'
import { probe, type ProbePlan, type ProbeResult } from './probe.ts'

export interface ProbeTimerParts {
  readonly clock: Clock
  readonly random: Random
  /** Told of each result; must not throw. */
  readonly onResult?: (result: ProbeResult) => void
}

/** Share of the interval by which a probe comes early or late: replicas must not ask all at once. */
const jitter = 0.1

export class ProbeTimer {
  readonly #plan: ProbePlan
  readonly #health: EndpointHealth
  readonly #intervalMs: number
  readonly #parts: ProbeTimerParts
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(plan: ProbePlan, health: EndpointHealth, intervalMs: number, parts: ProbeTimerParts) {
    this.#plan = plan
    this.#health = health
    this.#intervalMs = intervalMs
    this.#parts = parts
    // The first ones are spread over the whole interval.
    this.#wait(parts.random() * intervalMs)
  }

  close(): void {
    this.#abort.abort()
    clearTimeout(this.#timer)
  }

  #wait(ms: number): void {
    if (this.#abort.signal.aborted) return
    this.#timer = setTimeout(() => void this.#probe(), ms)
    this.#timer.unref()
  }

  async #probe(): Promise<void> {
    const { clock, random, onResult } = this.#parts
    const result = await probe(this.#plan, clock, this.#abort.signal)
    if (this.#abort.signal.aborted) return
    if (result !== 'void') this.#health.probed(result === 'passed', clock.nowMs())
    onResult?.(result)
    this.#wait(this.#intervalMs * (1 - jitter + 2 * jitter * random()))
  }
}
