// Where Vault (or OpenBao) is and how to log in, as plain data. Credentials are references, read anew at every login.
import type { Reference } from '../sources.ts'

export type VaultAuth =
  | { readonly kind: 'token'; readonly token: Reference }
  | { readonly kind: 'app-role'; readonly mount: string; readonly roleId: Reference; readonly secretId: Reference }
  /** The service account's token is a projected file that the kubelet replaces about hourly. */
  | { readonly kind: 'kubernetes'; readonly mount: string; readonly role: string; readonly jwt: Reference }

export interface VaultSettings {
  /** `https://vault.example:8200`, without a slash at the end; a path before `/v1` stays. */
  readonly address: string
  readonly namespace?: string
  /** PEM certificates trusted besides the system's. */
  readonly ca: readonly string[]
  /** Absent: none is configured, which is told where the first reference is read. */
  readonly auth?: VaultAuth
  /** Milliseconds between reads of one secret. */
  readonly refreshMs: number
  /** Milliseconds that a value read before may be used while Vault does not answer. */
  readonly maxAgeMs: number
}
