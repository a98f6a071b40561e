// Watches for too much and tells the listener, the log and the metrics.
import type { HttpListener } from '../http/http-listener.ts'
import { OverloadWatch } from '../overload/overload-watch.ts'
import type { Lasting, Surroundings } from './lasting.ts'

export interface OpenOverload {
  /** Whether new requests are refused for the time being. */
  readonly refuses: boolean
  close(): void
}

export function openOverload(
  { generations, metrics, log }: Lasting,
  { runtime, memoryLimitBytes }: Surroundings,
  listener: () => HttpListener,
): OpenOverload {
  return new OverloadWatch({
    settings() {
      const { overload } = generations.current.loaded.config.server
      return { memoryLimitBytes, ...overload }
    },
    residentBytes: () => runtime.memoryUsage().rss,
    underWay: () => generations.size,
    onClose: (isOn) => listener().shed(isOn),
    onRefuse(cause, isOn, figures) {
      metrics.recordOverload(cause, isOn)
      if (isOn) log.warn('overloaded: requests are refused', { cause, ...figures })
      else log.info('no longer overloaded', { cause, ...figures })
    },
  })
}
