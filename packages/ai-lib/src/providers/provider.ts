// The shape of a provider's data file: facts, never code.
import type { DialectId, OperationId, Quirks } from '../dialects/dialect.ts'

export interface Speaks {
  readonly dialect: DialectId
  readonly operations: readonly OperationId[]
  /** Path relative to the origin of the base URL, where this dialect does not live under the base URL itself (`/anthropic`). */
  readonly originPath?: string
}

export interface AuthScheme {
  /** Lower-case header that carries the key. Keys never travel in URLs. */
  readonly header: 'authorization' | 'x-api-key' | 'api-key' | 'x-goog-api-key'
  /** Put before the key: `Bearer ` with its blank, or nothing. */
  readonly prefix: '' | 'Bearer '
}

export interface ProviderSpec {
  readonly name: string
  readonly label: string
  /** Environment variables of the key, the standard one first. */
  readonly keyVariables: readonly string[]
  readonly baseUrlVariables: readonly string[]
  /** As the vendor documents it for its own SDK; absent where it must be configured. */
  readonly baseUrl?: string
  /** Base URLs by region, chosen with `region:` in config. */
  readonly regions?: Readonly<Record<string, string>>
  readonly auth: AuthScheme
  readonly isKeyRequired: boolean
  /** Dialects in order of preference for translation. */
  readonly speaks: readonly Speaks[]
  /** Headers that every request needs. */
  readonly headers?: Readonly<Record<string, string>>
  readonly quirks: Quirks
  readonly defaultChatModel?: string
  /** Models that no catalogue lists, for providers whose models are always the same. */
  readonly models?: readonly string[]
  /** Name of this provider in the catalogue's source, where it has one. */
  readonly catalogueName?: string
  /** Where the facts come from, and when they were looked up. */
  readonly source: string
  readonly asOf: string
}
