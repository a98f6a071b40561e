// What every resolving step is given: the checked file, the environment, the known providers, and where findings go.
import { resolve } from 'node:path'
import type { Secret } from 'ai-lib/internal/errors/secret'
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import { type Environment, parseReference, readReference, type VaultReader } from '../secrets/sources.ts'
import { NOT_YET } from './field.ts'
import { type Findings, formatPath, type Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'

export interface Building {
  readonly file: ConfigFile
  readonly env: Environment
  /** Relative paths start here: the config's folder, else the working directory. */
  readonly folder: string
  readonly specs: ReadonlyMap<string, ProviderSpec>
  readonly findings: Findings
  /** Folder whose files stand in for key variables. */
  readonly secretsFolder: string
  /** Whether keys of providers, and of callers, stay unread. */
  readonly withoutProviderKeys: boolean
  /** Where secrets were read from, for `doctor`. */
  readonly secretFiles: Set<string>
  /** Files that stand in for variables and have nothing to say: empty, or unreadable. */
  readonly blankFiles: Set<string>
  /** Every file that was read, or would have been. */
  readonly readFiles: Set<string>
  /** The kernel's list of mounts; absent outside a container. */
  readonly mounts?: string | undefined
  /** Absent while `secrets:` itself is resolved, and where no Vault is configured. */
  readonly vault?: VaultReader | undefined
}

/** The secret that a reference in the file names; `undefined` once its problem is noted. */
export async function readSecret(text: string, path: Path, building: Building): Promise<Secret | undefined> {
  const parsed = parseReference(text)
  if (parsed.kind === 'unavailable') {
    building.findings.problem(path, `${NOT_YET}: ${formatPath(path)} (${parsed.scheme}: references)`)
    return undefined
  }
  if (parsed.kind === 'refused') {
    building.findings.problem(path, parsed.why)
    return undefined
  }
  const { reference } = parsed
  const result = await readReference(reference, building)
  if (reference.kind === 'file') building.secretFiles.add(resolve(building.folder, reference.path))
  if (result.kind === 'secret') return result.secret
  building.findings.problem(path, `found a reference to nothing: ${result.why}`)
  return undefined
}

/** A variable that is set and not blank. */
export function variable(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value === undefined || value.trim() === '' ? undefined : value
}
