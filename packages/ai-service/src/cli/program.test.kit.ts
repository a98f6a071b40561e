// Runs a command line in a folder of its own and keeps what it says, for tests.
import { createHash } from 'node:crypto'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import type { LoadedConfig } from '../config/config.ts'
import { folderWith, NOW_MS } from '../config/load.test.kit.ts'
import type { Environment } from '../secrets/sources.ts'
import type { CliParts, StartOptions } from './context.ts'
import { runCli } from './program.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  /** What the service was started with. */
  readonly started: { readonly loaded: LoadedConfig; readonly options: StartOptions } | undefined
}

export interface CliWorld {
  readonly yaml?: string
  readonly env?: Environment
  readonly files?: Readonly<Record<string, string>>
  readonly parts?: Partial<CliParts>
}

export async function run(
  argv: readonly string[],
  { yaml, env = {}, files = {}, parts = {} }: CliWorld = {},
): Promise<Ran> {
  const cwd = folderWith({ ...files, ...(yaml === undefined ? {} : { 'ai-service.yaml': yaml }) })
  let out = ''
  let err = ''
  let started: Ran['started']
  let drawn = 0
  const code = await runCli({
    argv,
    env,
    cwd,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    version: '1.2.3',
    versions: { node: '24.21.0', openssl: '3.5.4', sqlite: '3.51.3' },
    specs: providerSpecs,
    start: async (loaded, options) => {
      started = { loaded, options }
      return 0
    },
    interrupted: async () => undefined,
    nowMs: () => NOW_MS,
    randomBytes: (size) =>
      createHash('sha256')
        .update(`${(drawn += 1)}`)
        .digest()
        .subarray(0, size),
    secretsFolder: `${cwd}/secrets`,
    systemFolder: `${cwd}/etc`,
    ...parts,
  })
  return { code, out, err, started }
}
