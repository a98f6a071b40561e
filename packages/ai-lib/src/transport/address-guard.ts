// Says which IP addresses an upstream must not have, and looks names up so that only checked addresses are dialled.
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { boundLookup, type LookupAll } from './bounded-lookup.ts'
import { DialError } from './dial-error.ts'

// Separate lists: in one list Node matches an IPv4 address against ::ffff:0:0/96 too, which would deny them all.
const deniedV4 = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8], // "this network"; Linux dials 0.0.0.0 as loopback
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT; also a cloud's metadata at 100.100.100.200
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // Azure's host agent, a public address that answers inside every virtual machine
  ['169.254.0.0', 16], // link-local: cloud metadata
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
] as const) {
  deniedV4.addSubnet(network, prefix, 'ipv4')
}

const deniedV6 = new BlockList()
for (const [network, prefix] of [
  ['::', 96], // unspecified, loopback, IPv4-compatible
  ['::ffff:0:0', 96], // IPv4-mapped
  ['::ffff:0:0:0', 96], // IPv4-translated
  ['64:ff9b::', 96], // NAT64
  ['64:ff9b:1::', 48], // NAT64 with a local prefix
  ['100::', 64], // discard
  ['2001::', 23], // protocol assignments, Teredo among them
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20], // documentation
  ['5f00::', 16], // segment routing
  ['fc00::', 7], // unique local; a cloud's metadata at fd00:ec2::254
  ['fe80::', 10], // link-local
  ['fec0::', 10], // site-local
  ['ff00::', 8], // multicast
] as const) {
  deniedV6.addSubnet(network, prefix, 'ipv6')
}

/** Whether an IP address is loopback, private, link-local, tunnelled or otherwise not of the public Internet. */
export function isDeniedAddress(address: string): boolean {
  const bare = address.split('%', 1)[0] ?? ''
  const family = isIP(bare)
  if (family === 4) return deniedV4.check(bare, 'ipv4')
  if (family === 6) return deniedV6.check(bare, 'ipv6')
  return true
}

/** The host of a URL as an IP literal without brackets, `undefined` where it is a name. WHATWG URL has made it canonical. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(bare) === 0 ? undefined : bare
}

/** Milliseconds for which the last good addresses stand in when DNS fails. */
const staleMs = 60_000
/** Milliseconds after which they stand in for an answer that does not come. */
const patienceMs = 500

/** Of the four threads that libuv has unless UV_THREADPOOL_SIZE says otherwise, one is left to files and logs. */
const boundSystemLookup = boundLookup(systemLookup, 3)

export interface GuardParts {
  readonly allowPrivate: boolean
  readonly lookup?: LookupAll
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

type Waiter = (error: Error | null, addresses: readonly LookupAddress[]) => void

/**
 * A `lookup` for `net.connect` of one host. The address that was checked is the one dialled, so a name that resolves
 * to something else a moment later (DNS rebinding) gains nothing. Lookups under way are shared: a slow resolver
 * occupies one thread of libuv's pool per channel, not one per connection. When DNS fails or keeps silent for half a
 * second, the last good addresses are used, for 60 seconds.
 */
export function createGuardedLookup(parts: GuardParts): LookupFunction {
  const lookup: LookupAll = parts.lookup ?? boundSystemLookup
  const waiting: Waiter[] = []
  let lastGood: { readonly addresses: readonly LookupAddress[]; readonly atMs: number } | undefined
  let isLooking = false
  let impatient: NodeJS.Timeout | undefined

  const tell = (error: Error | null, addresses: readonly LookupAddress[]): void => {
    clearTimeout(impatient)
    impatient = undefined
    for (const waiter of waiting.splice(0)) waiter(error, addresses)
  }

  const settle = (hostname: string, error: Error | null, found: readonly LookupAddress[] | undefined): void => {
    isLooking = false
    const outcome = judge(hostname, error, found ?? [])
    tell(outcome.error, outcome.addresses)
  }

  const standIn = (): readonly LookupAddress[] | undefined =>
    lastGood !== undefined && parts.nowMs() - lastGood.atMs <= staleMs ? lastGood.addresses : undefined

  const judge = (hostname: string, error: Error | null, found: readonly LookupAddress[]) => {
    if (error !== null || found.length === 0) {
      const addresses = standIn()
      if (addresses !== undefined) return { error: null, addresses }
      return { error: new DialError('dns', `cannot resolve ${hostname}`, error), addresses: [] }
    }
    const addresses = parts.allowPrivate ? found : found.filter((entry) => !isDeniedAddress(entry.address))
    if (addresses.length === 0) {
      return { error: new DialError('address-denied', `${hostname} resolves to a private address`), addresses: [] }
    }
    lastGood = { addresses, atMs: parts.nowMs() }
    return { error: null, addresses }
  }

  return (hostname, options: LookupOptions, callback) => {
    waiting.push((error, addresses) => {
      const first = addresses[0]
      if (error !== null || first === undefined) callback(error, '', 0)
      else if (options.all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    })
    if (standIn() !== undefined) {
      impatient ??= setTimeout(() => {
        impatient = undefined
        const addresses = standIn()
        if (addresses !== undefined) tell(null, addresses)
      }, patienceMs)
    }
    if (isLooking) return
    isLooking = true
    lookup(hostname, { all: true }, (error, found) => settle(hostname, error, found))
  }
}
