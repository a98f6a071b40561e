// Looks at memory and at its own lateness several times a second, and says whether requests are to be refused.
//
// Why not monitorEventLoopDelay: its histogram takes 1.5 MB, and a second has few delays, of which the worst is the 99th
// percentile anyway.
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

const lookEveryMs = 100
/** Memory is read from the system, which costs more than looking at a clock. */
const looksPerMemory = 2
const windowMs = 1_000

export class OverloadWatch {
  readonly #parts: OverloadParts
  readonly #timer: NodeJS.Timeout
  #memory: MemoryState = 'well'
  #late = 0
  #looks = 0
  #residentBytes = 0
  #lookedMs = performance.now()
  #windowFromMs = this.#lookedMs
  /** How late the latest look of this window was. */
  #worstMs = 0

  constructor(parts: OverloadParts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  /** Read for each request. */
  get refuses(): boolean {
    return this.#memory === 'refuse' || isLoopOverloaded(this.#late)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const nowMs = performance.now()
    this.#worstMs = Math.max(this.#worstMs, nowMs - this.#lookedMs - lookEveryMs)
    this.#lookedMs = nowMs
    const settings = this.#parts.settings()
    if (this.#looks++ % looksPerMemory === 0) this.#lookAtMemory(settings)
    const sinceMs = nowMs - this.#windowFromMs
    if (sinceMs < windowMs) return
    this.#lookAtLoop(settings, Math.floor(sinceMs / windowMs))
    this.#windowFromMs = nowMs
    this.#worstMs = 0
  }

  #lookAtMemory({ enabled, memoryLimitBytes, ...bounds }: OverloadSettings): void {
    const { residentBytes, underWay, onClose, onRefuse } = this.#parts
    const { used_heap_size: heapBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics()
    const share = enabled ? Math.max(this.#resident(residentBytes) / memoryLimitBytes, heapBytes / heapLimitBytes) : 0
    const before = this.#memory
    this.#memory = judgeMemory(before, { share, underWay: underWay() }, bounds)
    if ((before === 'well') !== (this.#memory === 'well')) onClose(this.#memory !== 'well')
    if ((before === 'refuse') !== (this.#memory === 'refuse'))
      onRefuse('memory', this.#memory === 'refuse', { memory_share: Math.round(share * 1_000) / 1_000 })
  }

  // The system tells it through a file, and there may be no descriptor left to open one: then the latest figure holds.
  #resident(read: () => number): number {
    try {
      this.#residentBytes = read()
    } catch {
      // Whoever has no descriptor left has other trouble; this must not add to it.
    }
    return this.#residentBytes
  }

  #lookAtLoop({ enabled, ...bounds }: OverloadSettings, windows: number): void {
    const delayMs = enabled ? this.#worstMs : 0
    const before = isLoopOverloaded(this.#late)
    this.#late = countLate(this.#late, delayMs, windows, bounds)
    const isOn = isLoopOverloaded(this.#late)
    if (before !== isOn) this.#parts.onRefuse('loop', isOn, { loop_delay_ms: Math.round(delayMs) })
  }
}
