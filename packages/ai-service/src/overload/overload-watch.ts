// Looks at memory four times a second and at the event loop each second, and says whether requests are to be refused.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { countLate, isLoopOverloaded, judgeMemory, type MemoryState, type OverloadBounds } from './judge-overload.ts'

export type OverloadCause = 'memory' | 'loop'

export interface OverloadSettings extends OverloadBounds {
  readonly enabled: boolean
  readonly memoryLimitBytes: number
}

export interface OverloadParts {
  /** Asked at each look: they may change while the service runs. */
  readonly settings: () => OverloadSettings
  readonly residentBytes: () => number
  readonly underWay: () => number
  /** Answers close their connections, or no longer. */
  readonly onClose: (isOn: boolean) => void
  /** Requests are refused, or no longer; with the figure that led to it. */
  readonly onRefuse: (cause: OverloadCause, isOn: boolean, figures: Readonly<Record<string, number>>) => void
}

const lookEveryMs = 250
const windowMs = 1_000
const resolutionMs = 50

export class OverloadWatch {
  readonly #parts: OverloadParts
  readonly #delays: ReturnType<typeof monitorEventLoopDelay>
  readonly #timer: NodeJS.Timeout
  #memory: MemoryState = 'well'
  #late = 0
  #windowFromMs = performance.now()

  constructor(parts: OverloadParts) {
    this.#parts = parts
    this.#delays = monitorEventLoopDelay({ resolution: resolutionMs })
    this.#delays.enable()
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  /** Read for each request. */
  get refuses(): boolean {
    return this.#memory === 'refuse' || isLoopOverloaded(this.#late)
  }

  isRefusingFor(cause: OverloadCause): boolean {
    return cause === 'memory' ? this.#memory === 'refuse' : isLoopOverloaded(this.#late)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#delays.disable()
  }

  #look(): void {
    const settings = this.#parts.settings()
    this.#lookAtMemory(settings)
    const sinceMs = performance.now() - this.#windowFromMs
    if (sinceMs >= windowMs) this.#lookAtLoop(settings, sinceMs)
  }

  #lookAtMemory({ enabled, memoryLimitBytes, ...bounds }: OverloadSettings): void {
    const { residentBytes, underWay, onClose, onRefuse } = this.#parts
    const { used_heap_size: heapBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics()
    const share = enabled ? Math.max(residentBytes() / memoryLimitBytes, heapBytes / heapLimitBytes) : 0
    const before = this.#memory
    this.#memory = judgeMemory(before, { share, underWay: underWay() }, bounds)
    if ((before === 'well') !== (this.#memory === 'well')) onClose(this.#memory !== 'well')
    if ((before === 'refuse') !== (this.#memory === 'refuse'))
      onRefuse('memory', this.#memory === 'refuse', { memory_share: Math.round(share * 1_000) / 1_000 })
  }

  #lookAtLoop({ enabled, ...bounds }: OverloadSettings, sinceMs: number): void {
    // The timer's own interval is part of what it measures.
    const measuredMs = Math.max(0, this.#delays.percentile(99) / 1e6 - resolutionMs)
    // After a long stop this look may come before the one that measures it.
    const ownMs = sinceMs >= 2 * windowMs ? sinceMs - windowMs : 0
    const p99Ms = enabled ? Math.max(measuredMs, ownMs) : 0
    this.#delays.reset()
    this.#windowFromMs = performance.now()
    const before = isLoopOverloaded(this.#late)
    this.#late = countLate(this.#late, p99Ms, Math.floor(sinceMs / windowMs), bounds)
    const isOn = isLoopOverloaded(this.#late)
    if (before !== isOn) this.#parts.onRefuse('loop', isOn, { loop_delay_p99_ms: Math.round(p99Ms) })
  }
}
