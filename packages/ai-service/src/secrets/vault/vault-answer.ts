// What Vault's answers mean, decided without asking anybody. No reason quotes an answer: it could hold a secret.
import type { SecretValue } from '../sources.ts'
import type { VaultReply } from './vault-http.ts'

export interface Login {
  readonly token: string
  /** 0: it never ends. */
  readonly ttlMs: number
  readonly isRenewable: boolean
}

export type LoginResult =
  | { readonly kind: 'login'; readonly login: Login }
  /** `isRefused`: asking again with the same credentials changes nothing. */
  | { readonly kind: 'failed'; readonly why: string; readonly isRefused: boolean }

/** The field of a KV version 2 answer; `refused` says that the token may be the reason. */
export function readField(reply: VaultReply, field: string): SecretValue | { readonly kind: 'refused' } {
  if (reply.kind === 'unreached') return absent(`cannot be read: Vault is not reached (${reply.why})`)
  if (reply.status === 403) return { kind: 'refused' }
  if (reply.status === 404)
    return absent('is not there: Vault has no such secret, deleted it, or the mount is no KV version 2')
  if (reply.status !== 200) return absent(`cannot be read: ${statusMeaning(reply.status)}`)
  const data = member(reply.body, 'data')
  const fields = member(data, 'data')
  if (member(data, 'metadata') === undefined || typeof fields !== 'object' || fields === null)
    return absent('cannot be read: the answer is none of KV version 2')
  const value = Object.hasOwn(fields, field) ? member(fields, field) : undefined
  if (value === undefined) return absent(`is not there: the secret has no field ${field}`)
  return typeof value === 'string' ? { kind: 'value', value } : absent('is no text')
}

/** The token of a login or a renewal. */
export function readLogin(reply: VaultReply): LoginResult {
  if (reply.kind === 'unreached') return failed(`Vault is not reached (${reply.why})`, false)
  if (reply.status === 400 || reply.status === 401 || reply.status === 403)
    return failed(`Vault refused the login (${reply.status})`, true)
  if (reply.status !== 200) return failed(statusMeaning(reply.status), false)
  const auth = member(reply.body, 'auth')
  const token = member(auth, 'client_token')
  if (typeof token !== 'string' || token === '') return failed('the answer is no login of Vault', false)
  const seconds = member(auth, 'lease_duration')
  const ttlMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : 0
  return { kind: 'login', login: { token, ttlMs, isRenewable: member(auth, 'renewable') === true } }
}

/** How long a token that was given to us lives; a token may be denied the look at itself and still be good. */
export function readLookup(reply: VaultReply): { readonly ttlMs: number; readonly isRenewable: boolean } {
  const data = reply.kind === 'answered' && reply.status === 200 ? member(reply.body, 'data') : undefined
  const seconds = member(data, 'ttl')
  const ttlMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : 0
  return { ttlMs, isRenewable: member(data, 'renewable') === true }
}

function statusMeaning(status: number): string {
  if (status === 503) return 'Vault is sealed or in maintenance (503)'
  if (status === 429 || status === 472 || status === 473) return `Vault is on standby or limits requests (${status})`
  if (status >= 300 && status < 400)
    return `Vault points to another address (${status}): give that one as secrets.vault.address`
  if (status >= 500) return `Vault has an error of its own (${status})`
  return `Vault answers with status ${status}`
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const found: unknown = Reflect.get(value, name)
  return found
}

function absent(why: string): SecretValue {
  return { kind: 'absent', why }
}

function failed(why: string, isRefused: boolean): LoginResult {
  return { kind: 'failed', why, isRefused }
}
