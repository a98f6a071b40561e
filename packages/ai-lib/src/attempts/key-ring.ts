// The keys of one provider as an application holds them: fixed values and live sources, rotated while requests run.
import { Secret } from '../errors/secret.ts'
import type { KeyEvent, OutState } from './key-event.ts'
import { KeyKeeper } from './key-keeper.ts'
import { KeyPool, type ShownKey } from './key-pool.ts'
import type { SecretSource } from './secret-source.ts'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** One key of a ring. */
export interface RingKey {
  /** Stays through rotations; for events, logs and metrics. Default `key-1`, `key-2`, …. */
  readonly name?: string
  readonly secret: string | Secret | SecretSource
  /** Share of requests relative to the other keys. Default 1; 0 keeps it as a reserve. */
  readonly weight?: number
  /** What its source said before, so that the ring can serve at once. */
  readonly initial?: Secret
}

/** What `onKeyRotated` is told. */
export interface KeyRotated {
  readonly key: string
  readonly fingerprint: string | undefined
  /** Fingerprint of the value that gets no further request. */
  readonly previous: string | undefined
}

/** What `onKeyQuarantined` is told. */
export interface KeyQuarantined {
  readonly key: string
  readonly fingerprint: string | undefined
  /** `quarantined`: the provider refused it; `exhausted`: its quota is used up; `expired`: its source is away too long. */
  readonly reason: OutState
}

/** What `onKeyRecovered` is told. */
export interface KeyRecovered {
  readonly key: string
  readonly fingerprint: string | undefined
  readonly after: OutState | 'cooling'
}

/**
 * What an application may want to know of its keys. Hooks are called on the path of a request: they should be quick, and
 * what they throw is ignored. Nothing they are given holds a secret.
 */
export interface KeyRotationHooks {
  /** A new value has answered its first request and serves from now on. */
  readonly onKeyRotated?: ((event: KeyRotated) => void | Promise<void>) | undefined
  /** A key is out of the pool. */
  readonly onKeyQuarantined?: ((event: KeyQuarantined) => void | Promise<void>) | undefined
  /** A key that was out or cooling is in use again. */
  readonly onKeyRecovered?: ((event: KeyRecovered) => void | Promise<void>) | undefined
  /** Every event, those of the other hooks included. */
  readonly onKeyRotation?: ((event: KeyEvent) => void | Promise<void>) | undefined
}

/** What a ring is made of. */
export type RingKeys = string | Secret | SecretSource | readonly RingKey[]

/**
 * Keys with weights and live sources. A new value joins on probation, proves itself with an answer, and only then the old
 * one gets no further request; what is under way with it ends as it would have. A key that the provider refuses (401, 403)
 * leaves at once and its source is read again; 429 rests it; a used-up quota keeps it out until it is refreshed.
 *
 * @example
 * ```ts
 * import { AiClient, KeyRing, Provider } from 'ai-lib'
 *
 * const ring = new KeyRing(
 *   [
 *     { name: 'primary', secret: { read: () => process.env['OPENAI_API_KEY'] ?? '', refreshMs: 30_000 } },
 *     { name: 'spare', secret: process.env['OPENAI_API_KEY_SPARE'] ?? 'none', weight: 0 },
 *   ],
 *   { onKeyQuarantined: ({ key, reason }) => console.warn(`${key} is out: ${reason}`) },
 * )
 * export const client = new AiClient(Provider.OpenAI, { apiKey: ring })
 * ```
 */
export class KeyRing {
  readonly #pool: KeyPool
  readonly #keepers = new Map<string, KeyKeeper>()
  readonly #listeners = new Set<KeyRotationHooks>()
  readonly #nowMs: () => number

  /** @param nowMs monotonic milliseconds. */
  constructor(keys: RingKeys = [], hooks: KeyRotationHooks = {}, nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#listeners.add(hooks)
    const listed = asList(keys).map((key, index) => ({ ...key, name: key.name ?? `key-${index + 1}` }))
    this.#pool = new KeyPool(
      listed.flatMap(({ name, secret, weight, initial }) => {
        const value = isSource(secret) ? initial : asSecret(secret)
        return value === undefined ? [] : [{ name, secret: value, ...(weight === undefined ? {} : { weight }) }]
      }),
      {
        onEvent: (event) => this.#tell(event),
        refreshing: () => this.#reading(),
        close: () => this.close(),
      },
    )
    for (const { name, secret, weight, initial } of listed)
      if (isSource(secret)) this.#keep(name, secret, weight, initial !== undefined)
  }

  /** What the attempt loop draws from. */
  get pool(): KeyPool {
    return this.#pool
  }

  /** A further key, or a new value for a known one, which takes over once it has answered. */
  set(name: string, secret: string | Secret | SecretSource, weight?: number): void {
    this.#keepers.get(name)?.close()
    this.#keepers.delete(name)
    if (isSource(secret)) this.#keep(name, secret, weight, false)
    else this.#pool.offer({ name, secret: asSecret(secret), ...(weight === undefined ? {} : { weight }) })
  }

  /** No new requests with this key; what is under way ends as it would have. */
  remove(name: string): void {
    this.#keepers.get(name)?.close()
    this.#keepers.delete(name)
    this.#pool.remove(name)
  }

  /** Reads every source now, and gives keys that are out another trial. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper.read()))
    for (const { name } of this.#pool.states()) this.#pool.retry(name)
  }

  /** Names, states and fingerprints; no secret. */
  states(): readonly ShownKey[] {
    return this.#pool.states()
  }

  /** Calls these hooks too; returns what ends that. */
  listen(hooks: KeyRotationHooks): () => void {
    this.#listeners.add(hooks)
    return () => void this.#listeners.delete(hooks)
  }

  /** Ends reading and watching. Keys that are loaded go on working. */
  close(): void {
    for (const keeper of this.#keepers.values()) keeper.close()
    this.#keepers.clear()
  }

  toJSON(): { readonly keys: readonly ShownKey[] } {
    return { keys: this.states() }
  }

  [inspect](): string {
    return `KeyRing ${JSON.stringify(this.states())}`
  }

  #keep(name: string, source: SecretSource, weight: number | undefined, isLoaded: boolean): void {
    const isKnown = isLoaded || this.#pool.states().some((key) => key.name === name)
    let isAdmitted = isKnown
    const keeper = new KeyKeeper({
      source,
      isLoaded,
      nowMs: this.#nowMs,
      onValue: (secret) => {
        const key = { name, secret, ...(weight === undefined ? {} : { weight }) }
        // The first value has nothing to take the place of.
        if (isAdmitted) this.#pool.offer(key)
        else this.#pool.admit(key)
        isAdmitted = true
      },
      onFailure: (why, inARow) =>
        this.#tell({
          type: 'refresh-failed',
          key: name,
          fingerprint: this.states().find((key) => key.name === name)?.fingerprint,
          why: `${source.name ?? 'source'} ${why}`,
          inARow,
        }),
      onExpired: () => this.#pool.expire(name),
    })
    this.#keepers.set(name, keeper)
  }

  #reading(): Promise<unknown> | undefined {
    let reading: Promise<void>[] | undefined
    for (const keeper of this.#keepers.values()) if (keeper.reading) reading = [...(reading ?? []), keeper.reading]
    return reading && Promise.all(reading)
  }

  #tell(event: KeyEvent): void {
    // The place that the key came from may hold a better one already.
    if (event.type === 'key-out' && event.reason !== 'expired') void this.#keepers.get(event.key)?.read()
    for (const hooks of this.#listeners) tell(hooks, event)
  }
}

function tell(hooks: KeyRotationHooks, event: KeyEvent): void {
  call(hooks.onKeyRotation, event)
  if (event.type === 'key-rotated') call(hooks.onKeyRotated, event)
  else if (event.type === 'key-recovered') call(hooks.onKeyRecovered, event)
  else if (event.type === 'key-out') call(hooks.onKeyQuarantined, event)
}

function call<Event>(hook: ((event: Event) => unknown) | undefined, event: Event): void {
  try {
    const result = hook?.(event)
    if (result instanceof Promise) result.catch(ignored)
  } catch {
    // An application's hook must not fail somebody's request, and there is nobody here to tell.
  }
}

function ignored(): void {
  // As where a hook throws.
}

function asList(keys: RingKeys): readonly RingKey[] {
  if (typeof keys === 'string' || keys instanceof Secret) return [{ name: 'primary', secret: keys }]
  return 'read' in keys ? [{ name: 'primary', secret: keys }] : keys
}

function isSource(secret: string | Secret | SecretSource): secret is SecretSource {
  return typeof secret === 'object' && 'read' in secret
}

function asSecret(value: string | Secret): Secret {
  return typeof value === 'string' ? new Secret(value) : value
}
