// What a client is given is looked at once, at the start: a wrong option is named, with what to put there.
import { X509Certificate } from 'node:crypto'
import { KeyRing } from '../attempts/key-ring.ts'
import { nearestNames } from '../catalog/nearest-names.ts'
import { AiError } from '../errors/ai-error.ts'
import { Secret } from '../errors/secret.ts'
import type { ConnectionOptions } from './connection-options.ts'

/** Says what was expected; undefined where the value is fine. Values are never repeated: they may hold secrets. */
type Check = (value: unknown) => string | undefined

const longestTimerMs = 2_147_483_647

/** Headers that a client sets itself, or that would split one request in two. */
const ours =
  /^(?:authorization|x-api-key|api-key|x-goog-api-key|host|content-length|transfer-encoding|connection|proxy-.*|cookie)$/

const checks: Readonly<Record<keyof ConnectionOptions, Check>> = {
  baseUrl: (value) => (isHttpUrl(value) ? undefined : 'an http:// or https:// URL such as https://api.openai.com/v1'),
  apiKey: (value) => {
    if (value instanceof Secret) return checkKey(value.reveal())
    if (value instanceof KeyRing || isSource(value)) return undefined
    return typeof value === 'string' ? checkKey(value) : 'a string, a Secret, a SecretSource or a KeyRing'
  },
  proxy: (value) =>
    isHttpUrl(typeof value === 'string' && !value.includes('://') ? `http://${value}` : value)
      ? undefined
      : 'an http:// or https:// URL such as http://proxy:8080',
  disableProxy: boolean,
  ca: (value) =>
    Array.isArray(value) && value.every(isCertificate) ? undefined : 'a list of PEM certificates, as strings',
  timeoutMs: whole(1, longestTimerMs, 'milliseconds'),
  poolSize: whole(1, 10_000, 'sockets'),
  idleTimeoutMs: whole(1, longestTimerMs, 'milliseconds'),
  maxQueued: whole(0, 1_000_000, 'requests'),
  queueTimeoutMs: whole(1, longestTimerMs, 'milliseconds'),
  keepAlive: boolean,
  maxRetries: whole(0, 10, 'further attempts'),
  headers: checkHeaders,
  allowPrivate: boolean,
  metrics: (value) =>
    typeof value === 'object' && value !== null ? undefined : 'an object with methods of Metrics, such as incrCounter',
  audit: (value) => (isAudit(value) ? undefined : 'an AuditLogger, or an object with logRequest'),
  cache: (value) => (isCache(value) ? undefined : 'a ResponseCache, or an object with get and set'),
  onKeyRotated: hook,
  onKeyQuarantined: hook,
  onKeyRecovered: hook,
  onKeyRotation: hook,
}

/**
 * @param where what the options belong to, for the message: nothing, or the provider of a list.
 * @throws AiError `config_invalid`; `param` names the option.
 */
export function checkOptions(options: ConnectionOptions, where = ''): void {
  if (typeof options !== 'object' || options === null)
    throw invalid('options', `The options${where} are no object: give one such as { timeoutMs: 30_000 }.`)
  for (const [name, value] of Object.entries(options)) {
    if (!isOption(name)) {
      const [near] = nearestNames(name, Object.keys(checks))
      const hint = near === undefined ? `they are ${Object.keys(checks).join(', ')}` : `did you mean ${near}?`
      throw invalid(name, `There is no option ${name.slice(0, 64)}${where}: ${hint}`)
    }
    const expected = value === undefined ? undefined : checks[name](value)
    if (expected !== undefined) throw invalid(name, `The option ${name}${where} is unusable: give ${expected}.`)
  }
}

function invalid(option: string, message: string): AiError {
  return new AiError('config_invalid', { message, param: option })
}

function isOption(name: string): name is keyof ConnectionOptions {
  return Object.hasOwn(checks, name)
}

function boolean(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'true or false'
}

function hook(value: unknown): string | undefined {
  return typeof value === 'function' ? undefined : 'a function'
}

function isSource(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'read' in value && typeof value.read === 'function'
}

function isAudit(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'logRequest' in value && typeof value.logRequest === 'function'
}

function isCache(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('get' in value) || !('set' in value)) return false
  return typeof value.get === 'function' && typeof value.set === 'function'
}

function whole(min: number, max: number, unit: string): Check {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : `a whole number of ${unit} from ${min} to ${max}`
}

function isHttpUrl(value: unknown): boolean {
  const url = typeof value === 'string' ? URL.parse(value) : null
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== ''
}

function checkKey(key: string): string | undefined {
  if (key === '') return 'a key that is not empty, or leave it out to take the environment’s'
  return /^[\x21-\x7e]+$/.test(key) ? undefined : 'a key of printable ASCII without blanks and line ends'
}

function isCertificate(value: unknown): boolean {
  try {
    return typeof value === 'string' && new X509Certificate(value).subject !== undefined
  } catch {
    return false // What OpenSSL cannot read is what we are asked about.
  }
}

function checkHeaders(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'an object of strings'
  for (const [name, text] of Object.entries(value)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return 'header names of letters, digits and dashes'
    if (ours.test(name.toLowerCase())) return `headers without ${name.toLowerCase()}: the client sets it (keys: apiKey)`
    if (typeof text !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return `one line of text for ${name}`
  }
  return undefined
}
