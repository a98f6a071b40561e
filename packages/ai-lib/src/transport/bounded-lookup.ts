// Keeps look-ups that hang from taking every thread of libuv's pool, which files and logs need too.
import type { LookupAddress } from 'node:dns'

/** Resolves a name to all its addresses; the same shape as `dns.lookup` with `all: true`. */
export type LookupAll = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

/**
 * The lookup with at most `max` calls under way; others wait their turn. `getaddrinfo` holds a thread of a pool of four
 * for as long as its servers are silent, ten seconds and more, and cannot be called off: four such names would stop
 * every file and log of the process.
 */
export function boundLookup(lookup: LookupAll, max: number): LookupAll {
  const waiting: (() => void)[] = []
  let running = 0
  return (hostname, options, callback) => {
    const start = (): void => {
      running += 1
      lookup(hostname, options, (error, addresses) => {
        running -= 1
        waiting.shift()?.()
        callback(error, addresses)
      })
    }
    if (running < max) start()
    else waiting.push(start)
  }
}
