// One provider to configure: what the file says of it, its data file, and what general variables are meant for it.
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import type { ConfigFile } from './schema.ts'

export type ProviderEntry = NonNullable<ConfigFile['providers']>[string]

/** One provider to configure, and what it takes from the seed family's general variables. */
export interface Wanted {
  readonly name: string
  readonly entry: ProviderEntry
  readonly spec: ProviderSpec
  /** AI_API_KEY, where this is the one provider that it can be meant for. */
  readonly generalKey?: string
  /** AI_BASE_URL, where this is the one provider that it can be meant for. */
  readonly generalBaseUrl?: string
}
