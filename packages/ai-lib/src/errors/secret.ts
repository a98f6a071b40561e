// A value that cannot be printed: every way of turning it into text gives `[secret]`.
import { fingerprintOf } from './fingerprint.ts'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * Holds a key or password. Only `reveal()` gives it back; printing, JSON and inspection show `[secret]`.
 *
 * @example
 * ```ts
 * import { Secret } from 'ai-lib'
 * const key = new Secret('sk-live-1234')
 * console.log(`${key}`, JSON.stringify({ key })) // [secret] {"key":"[secret]"}
 * ```
 */
export class Secret {
  readonly #value: string
  #fingerprint: string | undefined

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Called where a request is authorized and where an HMAC is taken, nowhere else. */
  reveal(): string {
    return this.#value
  }

  /** Eight hex digits of SHA-256 that name the value in logs without telling it. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprintOf(this.#value)
    return this.#fingerprint
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect](): string {
    return '[secret]'
  }
}
