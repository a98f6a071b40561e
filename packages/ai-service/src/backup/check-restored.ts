// Looks at what was restored: is it the configuration that was backed up, and is the database whole.
import { join } from 'node:path'
import type { Manifest } from 'ai-lib/internal/backup/manifest'
import type { LoadedConfig } from '../config/config.ts'
import type { LoadResult } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { checkTrail, type RestoredTrail } from './check-trail.ts'
import { effectiveName, versionFact } from './config-part.ts'
import { originFact } from './parts.ts'

export interface RestoredState {
  /** False where something that was restored cannot be used. */
  readonly ok: boolean
  /** `same`: every setting and every secret is as it was; `absent`: the service had no file. */
  readonly configuration: 'same' | 'other' | 'invalid' | 'absent'
  /** Absent where the backup holds no audit trail. */
  readonly trail?: RestoredTrail
  /** The restored configuration, where it can be loaded here. */
  readonly loaded?: LoadedConfig
  /** What an operator should know or do. */
  readonly notes: readonly string[]
}

export interface CheckParts {
  readonly folder: string
  readonly manifest: Manifest
  load(configPath: string): Promise<LoadResult>
}

export async function checkRestored(parts: CheckParts): Promise<RestoredState> {
  const configuration = await checkConfiguration(parts)
  const databases = await checkDatabases(parts)
  const trail = databases.ok
    ? await checkTrail(parts.folder, parts.manifest, configuration.loaded?.config.audit.signingKey)
    : undefined
  return {
    ok: databases.ok && trail?.ok !== false,
    configuration: configuration.state,
    ...(trail === undefined ? {} : { trail }),
    ...(configuration.loaded === undefined ? {} : { loaded: configuration.loaded }),
    notes: [
      ...configuration.notes,
      ...databases.notes,
      ...(trail?.faults ?? []).map((fault) => `The audit trail does not verify: ${fault}`),
      ...originNotes(parts),
    ],
  }
}

interface Configuration {
  readonly state: RestoredState['configuration']
  readonly notes: readonly string[]
  readonly loaded?: LoadedConfig
}

async function checkConfiguration({ folder, manifest, load }: CheckParts): Promise<Configuration> {
  const part = manifest.parts.find(({ name, facts }) => name !== effectiveName && facts[versionFact] !== undefined)
  if (!part)
    return {
      state: 'absent',
      notes: [`The service was configured by its environment alone; ${effectiveName} says what that came to.`],
    }
  const result = await load(join(folder, part.name))
  const version = part.facts[versionFact]
  if (result.kind === 'invalid')
    return {
      state: 'invalid',
      notes: [
        'The restored configuration needs what this machine does not have:',
        ...result.problems.map(formatProblem),
      ],
    }
  const { loaded } = result
  if (loaded.version === version) return { state: 'same', notes: [], loaded }
  return {
    loaded,
    state: 'other',
    notes: [
      `The restored configuration comes to version ${loaded.version} here, and was ${version}: a secret, a variable or this version of the service differs. ${effectiveName} says what it came to.`,
    ],
  }
}

async function checkDatabases({ folder, manifest }: CheckParts) {
  const notes: string[] = []
  for (const { name } of manifest.parts.filter(({ facts }) => facts['pages'] !== undefined)) {
    const found = await checkDatabase(join(folder, name))
    if (found !== 'ok') notes.push(`${name} is not whole (${found}): restore an older backup.`)
  }
  return { ok: notes.length === 0, notes }
}

async function checkDatabase(path: string): Promise<string> {
  const { DatabaseSync } = await import('node:sqlite')
  try {
    const database = new DatabaseSync(path)
    try {
      return String(database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'])
    } finally {
      database.close()
    }
  } catch (fault) {
    return fault instanceof Error ? fault.message : 'unknown fault'
  }
}

function originNotes({ manifest }: CheckParts): readonly string[] {
  return manifest.parts.flatMap(({ name, facts }) =>
    facts[originFact] === undefined ? [] : [`${name} belongs at ${facts[originFact]}: move it there before the start.`],
  )
}
