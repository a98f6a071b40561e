// What a command is given instead of the process: arguments, environment, streams, clock, randomness.
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import type { LoadedConfig } from '../config/config.ts'
import type { LoadResult } from '../config/load.ts'
import type { Environment } from '../secrets/sources.ts'

/** Something that text can be written to: a standard stream, or a test's collector. */
export interface TextSink {
  write(text: string): unknown
}

export interface StartOptions {
  /** Reads and checks the same configuration again, for SIGHUP. Changes nothing. */
  reload(): Promise<LoadResult>
}

export interface CliParts {
  /** Without the program and the script. */
  readonly argv: readonly string[]
  readonly env: Environment
  readonly cwd: string
  readonly stdout: TextSink
  readonly stderr: TextSink
  /** The version of ai-service. */
  readonly version: string
  /** `process.versions`. */
  readonly versions: Readonly<Record<string, string | undefined>>
  /** `providerSpecs` of ai-lib. */
  readonly specs: ReadonlyMap<string, ProviderSpec>
  /** Runs the service until it has drained; its exit code. */
  start(loaded: LoadedConfig, options: StartOptions): Promise<number>
  /** Resolves at SIGINT or SIGTERM; asked only by commands that run until then. */
  interrupted(): Promise<void>
  /** Milliseconds since the epoch. */
  nowMs(): number
  randomBytes(size: number): Uint8Array
  /** Default `/run/secrets/ai-service`. */
  readonly secretsFolder?: string
  /** Default `/etc/ai-service`. */
  readonly systemFolder?: string
}

export const EXIT = { ok: 0, notWell: 1, usage: 64, config: 78 } as const
