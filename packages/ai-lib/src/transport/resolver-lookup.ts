// Names looked up at given DNS servers over the network, in place of the system's resolver and its few threads.
import { type LookupAddress, Resolver } from 'node:dns'
import type { LookupAll } from './bounded-lookup.ts'

export interface ResolverLookupOptions {
  /** Addresses, with a port where it is not 53: `10.0.0.2`, `127.0.0.1:5353`, `[fd00::2]:53`. */
  readonly servers: readonly string[]
  /** Milliseconds for one question to one server. Default 2,000. */
  readonly timeoutMs?: number
}

/** Milliseconds that the second family is waited for once the first has answered: some servers never answer for AAAA. */
const secondFamilyMs = 50

/**
 * A lookup that asks these servers and nobody else: neither `/etc/hosts` nor search domains count, but for `localhost`.
 * It takes none of libuv's four threads, so that names that are never answered hold up nothing else.
 * @throws where a server is no address.
 */
export function createResolverLookup({ servers, timeoutMs = 2_000 }: ResolverLookupOptions): LookupAll {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 })
  resolver.setServers([...servers])
  return (hostname, _options, callback) => {
    if (isLocal(hostname)) queueMicrotask(() => callback(null, loopback))
    else resolveBoth(resolver, hostname, callback)
  }
}

const loopback: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

function isLocal(hostname: string): boolean {
  return /^(?:.*\.)?localhost\.?$/i.test(hostname)
}

function resolveBoth(
  resolver: Resolver,
  hostname: string,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
): void {
  const found: LookupAddress[] = []
  const errors: Error[] = []
  let timer: NodeJS.Timeout | undefined
  let isDone = false
  const finish = (): void => {
    clearTimeout(timer)
    isDone = true
    // IPv4 first, in the order given.
    const addresses = found.toSorted((left, right) => left.family - right.family)
    if (addresses.length > 0) callback(null, addresses)
    else callback(errors[0] ?? new Error('no address'), [])
  }
  let open = 2
  const answered =
    (family: 4 | 6) =>
    (error: Error | null, addresses: readonly string[] | undefined): void => {
      if (isDone) return
      open -= 1
      if (error !== null) errors.push(error)
      else found.push(...(addresses ?? []).map((address) => ({ address, family })))
      if (open === 0) finish()
      else if (found.length > 0) timer = setTimeout(finish, secondFamilyMs)
    }
  resolver.resolve4(hostname, answered(4))
  resolver.resolve6(hostname, answered(6))
}
