// Reads KV version 2 from Vault or OpenBao: logs in once, renews the token before it ends, logs in anew where it has ended.
import { Secret } from 'ai-lib/internal/errors/secret'
import type { Channel } from 'ai-lib/internal/transport/transport'
import { readReference, type Reference, type SecretValue, type VaultReader, type VaultReference } from '../sources.ts'
import { type Login, type LoginResult, readField, readLogin, readLookup } from './vault-answer.ts'
import { ask, type VaultReply } from './vault-http.ts'
import type { VaultSettings } from './vault-settings.ts'

export interface VaultClientParts {
  readonly settings: VaultSettings
  readonly channel: Channel
  /** The process environment, for credentials that are variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Tokens and credentials as they come up, for the scrubber. */
  readonly onSecret?: (secret: Secret) => void
}

/** What was read last for each credential lets a login be told from a mere repeat. */
interface Session {
  readonly token: Secret
  readonly ttlMs: number
}

type Opened = { readonly kind: 'open'; readonly session: Session } | { readonly kind: 'failed'; readonly why: string }

const longestTimerMs = 2 ** 31 - 1
const soonestRenewalMs = 500

export class VaultClient implements VaultReader {
  readonly #parts: VaultClientParts
  readonly #basePath: string
  #session: Session | undefined
  #opening: Promise<Opened> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(parts: VaultClientParts) {
    this.#parts = parts
    this.#basePath = new URL(parts.settings.address).pathname.replace(/\/+$/, '')
  }

  async read({ mount, path, field }: VaultReference): Promise<SecretValue> {
    const steps = [mount, 'data', ...path.split('/')].map(encodeURIComponent).join('/')
    const first = await this.#open()
    if (first.kind === 'failed') return absent(`cannot be read: ${first.why}`)
    const answer = readField(await this.#get(steps, first.session), field)
    if (answer.kind !== 'refused') return answer
    // The token may have ended or been revoked: with a new one the answer may be another.
    if (this.#session === first.session) this.#forget()
    const second = await this.#open()
    if (second.kind === 'failed') return absent(`cannot be read: ${second.why}`)
    const isNew = second.session.token.reveal() !== first.session.token.reveal()
    const again = isNew ? readField(await this.#get(steps, second.session), field) : answer
    if (again.kind !== 'refused') return again
    return absent('cannot be read: Vault denies it (403): the token is not valid, or its policy does not allow it')
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#forget()
    return this.#parts.channel.close()
  }

  #get(path: string, { token }: Session): Promise<VaultReply> {
    return this.#ask('GET', path, token)
  }

  #open(): Promise<Opened> {
    if (this.#session) return Promise.resolve({ kind: 'open', session: this.#session })
    this.#opening ??= this.#login().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #login(): Promise<Opened> {
    const result = await this.#authenticate()
    if (result.kind === 'failed') return result
    return { kind: 'open', session: this.#take(result.login) }
  }

  #take({ token, ttlMs, isRenewable }: Login): Session {
    const session: Session = { token: new Secret(token), ttlMs }
    this.#parts.onSecret?.(session.token)
    this.#session = session
    this.#plan(ttlMs, isRenewable, session)
    return session
  }

  // At two thirds of its life there is still time to try again before the token ends.
  #plan(ttlMs: number, isRenewable: boolean, session: Session): void {
    clearTimeout(this.#timer)
    if (ttlMs === 0 || this.#isClosed) return
    const dueMs = Math.max(soonestRenewalMs, (ttlMs * 2) / 3)
    this.#timer = setTimeout(() => void this.#renew(isRenewable, session), Math.min(dueMs, longestTimerMs))
    this.#timer.unref()
  }

  async #renew(isRenewable: boolean, session: Session): Promise<void> {
    const reply = isRenewable ? await this.#ask('POST', 'auth/token/renew-self', session.token, {}) : undefined
    if (this.#session !== session) return
    const result = reply && readLogin(reply)
    // What is left of a token near its maximum life is not worth another renewal: a login gives a whole one.
    if (result?.kind === 'login' && result.login.ttlMs > session.ttlMs / 2)
      return this.#plan(result.login.ttlMs, result.login.isRenewable, session)
    if (result?.kind === 'failed' && !result.isRefused) return this.#plan(session.ttlMs / 4, isRenewable, session)
    this.#forget()
    await this.#open()
  }

  #forget(): void {
    clearTimeout(this.#timer)
    this.#session = undefined
  }

  async #authenticate(): Promise<LoginResult> {
    const { auth } = this.#parts.settings
    if (auth === undefined) return failed('it needs secrets.vault.auth, or VAULT_TOKEN in the environment')
    if (auth.kind === 'token') {
      const token = await this.#credential(auth.token)
      if (token.kind === 'failed') return token
      const { ttlMs, isRenewable } = readLookup(await this.#ask('GET', 'auth/token/lookup-self', token.secret))
      return { kind: 'login', login: { token: token.secret.reveal(), ttlMs, isRenewable } }
    }
    const body: Record<string, string> = auth.kind === 'kubernetes' ? { role: auth.role } : {}
    const wanted: readonly (readonly [string, Reference])[] =
      auth.kind === 'kubernetes'
        ? [['jwt', auth.jwt]]
        : [
            ['role_id', auth.roleId],
            ['secret_id', auth.secretId],
          ]
    for (const [name, reference] of wanted) {
      const read = await this.#credential(reference)
      if (read.kind === 'failed') return read
      body[name] = read.secret.reveal()
    }
    return readLogin(await this.#ask('POST', `auth/${encodeURIComponent(auth.mount)}/login`, undefined, body))
  }

  async #credential(reference: Reference) {
    const result = await readReference(reference, { env: this.#parts.env, folder: '/' })
    if (result.kind === 'failed') return failed(result.why)
    // A header carries no line break; a token's file often ends in several.
    const secret = new Secret(result.secret.reveal().trim())
    this.#parts.onSecret?.(secret)
    return { kind: 'secret', secret } as const
  }

  #ask(method: 'GET' | 'POST', path: string, token?: Secret, body?: unknown): Promise<VaultReply> {
    const { channel, settings } = this.#parts
    const headers = {
      ...(token ? { 'x-vault-token': token.reveal() } : {}),
      ...(settings.namespace === undefined ? {} : { 'x-vault-namespace': settings.namespace }),
    }
    return ask(channel, { method, path: `${this.#basePath}/v1/${path}`, headers, body })
  }
}

function absent(why: string): SecretValue {
  return { kind: 'absent', why }
}

function failed(why: string) {
  return { kind: 'failed', why, isRefused: true } as const
}
