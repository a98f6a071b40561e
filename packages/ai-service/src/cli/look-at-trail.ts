// Whether the audit trail could be written: its database read, or the folder looked at where it will be made.
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { placeOf } from '../app/open-audit.ts'
import { openAuditStore } from '../audit/open-store.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { AuditStore } from '../stores/audit-store.ts'

const what = 'audit trail'

export interface TrailFinding {
  readonly what: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
}

/** @param asksNetwork whether PostgreSQL may be asked. */
export async function lookAtTrail({ config }: LoadedConfig, asksNetwork: boolean): Promise<TrailFinding> {
  if (!config.audit.enabled) return { what, state: 'warn', detail: 'off: requests are not recorded' }
  const { database } = placeOf(config, '')
  if (database.kind === 'none') return { what, state: 'ok', detail: 'printed to stdout' }
  if (database.kind === 'sqlite' && !existsSync(database.path)) return lookAtFolder(database.path)
  const shown =
    config.stores.database.kind === 'postgres' ? config.stores.database.url.shown : config.stores.database.path
  if (database.kind === 'postgres' && !asksNetwork) return { what, state: 'ok', detail: `${shown}, not asked` }
  let store: AuditStore | undefined
  try {
    store = await openAuditStore(database, 'reading')
    const records = (await store.heads()).reduce((sum, { count }) => sum + count, 0)
    return { what, state: 'ok', detail: `${shown}: ${records} records` }
  } catch (thrown) {
    return { what, state: 'fail', detail: `${shown}: ${thrown instanceof Error ? thrown.message : 'cannot be read'}` }
  } finally {
    await store?.close()
  }
}

function lookAtFolder(path: string): TrailFinding {
  let folder = dirname(path)
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK)
    return { what, state: 'ok', detail: `${path} will be made` }
  } catch {
    return { what, state: 'fail', detail: `${path} cannot be made: ${folder} may not be written by this user` }
  }
}
