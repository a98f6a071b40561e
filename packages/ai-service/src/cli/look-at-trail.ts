// Whether the audit trail can be read; where it is kept is looked at as a folder.
import { existsSync } from 'node:fs'
import { placeOf } from '../app/open-audit.ts'
import { openAuditStore } from '../audit/open-store.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { AuditStore } from '../stores/audit-store.ts'
import { counted } from './counted.ts'
import { type Finding, unwell, well } from './finding.ts'
import type { ClockReading } from './look-at-clock.ts'

const what = 'audit trail'

export interface LookedAtTrail {
  readonly finding: Finding
  readonly clock: readonly ClockReading[]
}

/** @param asksNetwork whether PostgreSQL may be asked. */
export async function lookAtTrail(
  { config }: LoadedConfig,
  asksNetwork: boolean,
  nowMs: () => number,
): Promise<LookedAtTrail> {
  const alone = (finding: Finding): LookedAtTrail => ({ finding, clock: [] })
  if (!config.audit.enabled) return alone({ what, state: 'warn', detail: 'off: requests are not recorded' })
  const { database } = placeOf(config, '')
  if (database.kind === 'none') return alone(well(what, 'printed to stdout'))
  if (database.kind === 'sqlite' && !existsSync(database.path))
    return alone(well(what, `${database.path} will be made`))
  const shown =
    config.stores.database.kind === 'postgres' ? config.stores.database.url.shown : config.stores.database.path
  if (database.kind === 'postgres' && !asksNetwork) return alone(well(what, `${shown}, not asked`))
  let store: AuditStore | undefined
  try {
    store = await openAuditStore(database, 'reading')
    const records = (await store.heads()).reduce((sum, { count }) => sum + count, 0)
    const theirsMs = await store.serverNowMs?.()
    const clock = theirsMs === undefined ? [] : [{ host: 'the database', aheadMs: nowMs() - theirsMs }]
    return { finding: well(what, `${shown}: ${counted(records, 'record')}`), clock }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : 'cannot be read'
    return alone(
      unwell(what, `${shown}: ${why}`, 'Look at stores.database, and whether the database runs and lets this user in.'),
    )
  } finally {
    await store?.close()
  }
}
