// What an application says about its backups, and what it is told.
import type { Clock, Random } from '../attempts/clock.ts'
import type { Secret } from '../errors/secret.ts'
import type { Manifest } from './manifest.ts'
import type { ObjectStore } from './object-store.ts'
import type { BackupPart } from './part.ts'

/** When backups are taken, how long they are kept, and where. */
export interface BackupConfig {
  /** Whether `start()` does anything. `now()` works either way. */
  readonly enabled: boolean
  /** Milliseconds from one backup to the next; at least one minute. */
  readonly intervalMs: number
  /** Days after which a generation is removed. The newest good one stays, however old it is. */
  readonly retentionDays: number
  readonly storage: ObjectStore
}

/** What `Backups` tells while it runs. */
export type BackupEvent =
  | { readonly type: 'backup-done'; readonly manifest: Manifest; readonly tookMs: number }
  | { readonly type: 'backup-failed'; readonly error: unknown }
  | { readonly type: 'generation-removed'; readonly generation: number }
  /** The backup is good, but what follows one did not go well: removing old ones, or remembering the newest. */
  | { readonly type: 'upkeep-failed'; readonly error: unknown }
  /** The store holds nothing as new as what was written from here: it was set back, or somebody removed backups. */
  | { readonly type: 'rollback-noticed'; readonly known: number; readonly newest: number }

/** What `Backups` is made of besides its configuration. */
export interface BackupOptions {
  /** 32 bytes as base64, base64url or hex: `openssl rand -base64 32`. Whoever loses it loses the backups. */
  readonly key: string | Secret
  /** Keys of earlier backups, which are still read. */
  readonly previousKeys?: readonly (string | Secret)[]
  /** What is backed up, or a function that looks it up anew for each backup. */
  readonly parts: readonly BackupPart[] | (() => Promise<readonly BackupPart[]>)
  /** A file in which the highest generation is remembered, so that a store that was set back is noticed. */
  readonly stateFile?: string
  /** Named in manifests: the host, say. Default: nobody. */
  readonly writer?: string
  /** Told what happens; must not throw. */
  readonly onEvent?: (event: BackupEvent) => void
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: `Math.random`. */
  readonly random?: Random
}

/** One generation as `list` and `verify` see it. */
export type GenerationReport =
  | { readonly generation: number; readonly kind: 'good'; readonly manifest: Manifest }
  /** An upload that is under way or never ended. */
  | { readonly generation: number; readonly kind: 'incomplete' }
  | { readonly generation: number; readonly kind: 'foreign'; readonly keyId: string }
  | { readonly generation: number; readonly kind: 'broken'; readonly why: string }

/** A backup that was taken. */
export interface BackupReport {
  /** The newest first. */
  readonly generations: readonly GenerationReport[]
  /** What an operator should know: older than it should be, set back. */
  readonly warnings: readonly string[]
}

/** What of a backup is restored, and where to. */
export interface RestoreOptions {
  /** The folder to restore into; made where it is absent. */
  readonly to: string
  /** Default: the newest. */
  readonly generation?: number
  /** Reads, opens and compares everything; writes nothing. Default false. */
  readonly dryRun?: boolean
  /** Replaces files of the same names. Default false: it refuses. */
  readonly force?: boolean
}

/** What was restored, or would be. */
export interface RestoreReport {
  readonly manifest: Manifest
  /** Relative to the folder. */
  readonly files: readonly string[]
  readonly warnings: readonly string[]
}
