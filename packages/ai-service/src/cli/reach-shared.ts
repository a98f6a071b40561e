// Whether the shared store answers, as `doctor` tells it. The service runs without it, so that its absence is a warning.
import type { SharedStore } from '../config/config.ts'
import { openLink } from '../stores/valkey/link.ts'

const TIMEOUT_MS = 3_000

export interface SharedReach {
  readonly state: 'ok' | 'warn'
  readonly detail: string
}

export async function reachShared(shared: Extract<SharedStore, { kind: 'valkey' }>): Promise<SharedReach> {
  const told = Promise.withResolvers<SharedReach>()
  const { url } = shared.url
  const shown = shared.url.shown.slice(shared.url.shown.indexOf('//') + 2)
  const timer = setTimeout(() => told.resolve({ state: 'warn', detail: `${shown} does not answer` }), TIMEOUT_MS)
  const link = await openLink({
    url,
    onState: (state, why) =>
      told.resolve(
        state === 'ready'
          ? { state: 'ok', detail: `${shown} answers` }
          : { state: 'warn', detail: `${shown} is not reached: ${why}; the service runs without it` },
      ),
  })
  const reached = await told.promise
  clearTimeout(timer)
  await link.close()
  return reached
}
