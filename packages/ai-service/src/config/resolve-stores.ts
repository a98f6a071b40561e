// Fills in `stores:`; the kinds of store that a later version has are refused by name.
import { resolve } from 'node:path'
import type { Building } from './building.ts'
import type { StoresConfig } from './config.ts'
import { NOT_YET } from './field.ts'
import type { Path } from './problem.ts'
import { readUrlValue } from './url-value.ts'

export async function resolveStores(building: Building): Promise<StoresConfig> {
  const stores = building.file.stores ?? {}
  const database = await readStore(stores.database ?? 'sqlite:./data/ai-service.db', 'database', building)
  const shared = await readStore(stores.shared ?? 'memory', 'shared', building)
  const file = /^sqlite:(?:\/\/)?(.+)$/.exec(database ?? '')?.[1]
  if (database !== undefined && file === undefined) refuse(database, ['stores', 'database'], 'sqlite:./path', building)
  if (shared !== undefined && shared !== 'memory') refuse(shared, ['stores', 'shared'], 'memory', building)
  return { database: { kind: 'sqlite', path: resolve(building.folder, file ?? '') }, shared: { kind: 'memory' } }
}

function readStore(text: string, name: string, building: Building): Promise<string | undefined> {
  return readUrlValue(text, ['stores', name], building)
}

function refuse(text: string, path: Path, expected: string, { findings }: Building): void {
  const scheme = /^(postgres|postgresql|redis|rediss|valkey):/.exec(text)?.[1]
  if (scheme === undefined) findings.problem(path, `found something else, expected ${expected}`)
  else findings.problem(path, `${NOT_YET}: ${path.join('.')} ${scheme}`)
}
