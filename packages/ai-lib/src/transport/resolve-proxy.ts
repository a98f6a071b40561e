// Chooses the proxy for an origin: what is configured wins, then the environment, which NO_PROXY can exempt hosts from.
import { BlockList, isIP } from 'node:net'
import { literalAddress } from './address-guard.ts'
import type { ProxySettings } from './transport.ts'

export interface ProxyChoice {
  /** `https://api.openai.com` */
  readonly origin: string
  /** A proxy named in configuration or code. NO_PROXY does not apply to it. */
  readonly proxy?: string
  /** Connects directly whatever else says. */
  readonly disableProxy?: boolean
  /** The variables of the process, or `{}` to ignore them. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * The proxy to reach `origin` through, `undefined` for a direct connection. Of the environment it reads `http_proxy` or
 * `https_proxy` by the origin's scheme, and `no_proxy`; lower case wins over upper case, as in curl. A proxy without a
 * scheme (`proxy.corp:8080`) is an http one. Like curl and unlike Go it does not exempt loopback by itself.
 */
export function resolveProxy(choice: ProxyChoice): ProxySettings | undefined {
  if (choice.disableProxy === true) return undefined
  if (choice.proxy !== undefined && choice.proxy !== '') return settingsOf(choice.proxy)
  const origin = new URL(choice.origin)
  const name = origin.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const fromEnvironment = readVariable(choice.environment, name)
  if (fromEnvironment === undefined) return undefined
  if (isExempt(origin, readVariable(choice.environment, 'no_proxy') ?? '')) return undefined
  return settingsOf(fromEnvironment)
}

function readVariable(environment: ProxyChoice['environment'], name: string): string | undefined {
  const value = environment[name] || environment[name.toUpperCase()]
  return value?.trim() || undefined
}

function settingsOf(text: string): ProxySettings {
  return { url: text.includes('://') ? text : `http://${text}` }
}

function isExempt(origin: URL, list: string): boolean {
  const host = literalAddress(origin.hostname) ?? origin.hostname
  const port = origin.port || (origin.protocol === 'https:' ? '443' : '80')
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, host, port))
}

/** One entry of NO_PROXY: `*`, a name that also stands for what is under it, an address, a network; all but the last with a port. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInNetwork(host, entry)
  const { name, port: wanted } = splitPort(entry)
  if (wanted !== undefined && wanted !== port) return false
  if (isIP(host) !== 0) return isSameAddress(name, host)
  const suffix = name.replace(/^\*?\./, '').replace(/\.$/, '')
  const bare = host.replace(/\.$/, '')
  return suffix !== '' && (bare === suffix || bare.endsWith(`.${suffix}`))
}

function splitPort(entry: string): { readonly name: string; readonly port: string | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry)
  if (bracketed !== null) return { name: bracketed[1] ?? '', port: bracketed[2] }
  if (isIP(entry) === 6) return { name: entry, port: undefined }
  const plain = /^([^:]*):(\d+)$/.exec(entry)
  return plain === null ? { name: entry, port: undefined } : { name: plain[1] ?? '', port: plain[2] }
}

function isSameAddress(entry: string, host: string): boolean {
  return isIP(entry) === isIP(host) && isInNetwork(host, `${entry}/${isIP(host) === 6 ? 128 : 32}`)
}

function isInNetwork(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/')
  const family = isIP(address)
  const prefix = Number(bits)
  const isPrefix = /^\d+$/.test(bits) && prefix <= (family === 6 ? 128 : 32)
  if (family === 0 || family !== isIP(host) || !isPrefix) return false
  const list = new BlockList()
  const kind = family === 6 ? 'ipv6' : 'ipv4'
  list.addSubnet(address, prefix, kind)
  return list.check(host, kind)
}
