// The configuration as a part: the file as the service read it, and what it came to, with every default in place.
import { basename } from 'node:path'
import { once } from 'ai-lib/internal/backup/digest'
import { isPartName } from 'ai-lib/internal/backup/manifest'
import type { BackupPart } from 'ai-lib/internal/backup/part'
import type { LoadedConfig } from '../config/config.ts'
import { describePlan, fromFolder } from '../config/plan.ts'
import { keysName } from './keys-part.ts'

/** What a restore compares the restored configuration with. */
export const versionFact = 'config_version'
export const effectiveName = 'effective-config.json'

/** References stay references: no secret is in either part. */
export function configParts(loaded: LoadedConfig): readonly BackupPart[] {
  const { source, version } = loaded
  const effective = partOf(effectiveName, describeEffective(loaded), { [versionFact]: version })
  if (source.kind === 'environment') return [effective]
  return [partOf(configNameOf(source.path), source.text, { [versionFact]: version }), effective]
}

/** Every default in place, paths below the configuration's folder as seen from there. */
export function describeEffective(loaded: LoadedConfig): string {
  return `${JSON.stringify(describePlan(loaded), (_, value: unknown) => fromFolder(value, loaded.folder), 2)}\n`
}

function configNameOf(path: string): string {
  const name = basename(path)
  if (isPartName(name) && name !== effectiveName && name !== keysName) return name
  return name.endsWith('.json') ? 'ai-service.json' : 'ai-service.yaml'
}

function partOf(name: string, text: string, facts: Readonly<Record<string, string>>): BackupPart {
  return { name, open: async () => ({ content: once(Buffer.from(text)), facts }) }
}
