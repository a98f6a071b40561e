// One record per administrative action of a command: it is a writer of the audit trail for a moment, beside a running service.
import { existsSync, lchownSync, readdirSync, statSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { placeOf } from '../app/open-audit.ts'
import { headFilesAt } from '../audit/audit-files.ts'
import { draftOf, encodeDraft } from '../audit/draft.ts'
import type { AuditPlace } from '../audit/messages.ts'
import { openOnce } from '../audit/open-once.ts'
import { openAuditStore } from '../audit/open-store.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { CliParts } from './context.ts'

/** Fields hold no secret. */
export type Action = Readonly<Record<string, unknown>> & { readonly action: string }

/** Never throws and changes no exit code: what cannot be recorded is told on stderr. Nothing where the trail is off. */
export async function recordActions(
  { stderr, nowMs }: CliParts,
  loaded: LoadedConfig,
  actions: readonly Action[],
): Promise<void> {
  if (!loaded.config.audit.enabled) return
  const names = actions.map(({ action }) => action).join(', ')
  const note = (why: string): void => void stderr.write(`note: ${names} is not on the audit trail: ${why}\n`)
  if (!loaded.config.audit.sinks.includes('store')) return note('audit.sinks has no store.')
  if (!hasTrail(loaded)) return note('no service has recorded here yet.')
  const opening = actions.map((action) => recordOf(action, loaded, nowMs())).join('')
  try {
    await record({ ...placeOf(loaded.config, opening), prints: false, spoolBytes: 0 }, (warning) =>
      stderr.write(`note: ${warning}\n`),
    )
  } catch (thrown) {
    note(thrown instanceof Error ? thrown.message : 'unknown fault')
  }
}

/** A command begins none: key and database would belong to whoever ran it, and not to the service. */
export function hasTrail({ config }: LoadedConfig): boolean {
  const { database, base } = placeOf(config, '')
  return database.kind === 'sqlite' ? existsSync(database.path) : headFilesAt(base).length > 0
}

async function record(place: AuditPlace, onWarning: (warning: string) => void): Promise<void> {
  const { database } = place
  // No spool: it would wait for the next command, and until then the chain would seem cut off.
  if (database.kind === 'postgres') await assertAnswers(database)
  const before = new Set(filesOf(place))
  try {
    await openOnce(place, { onWarning, onHead: () => undefined, print: () => undefined })
  } finally {
    giveToOwner(
      place,
      filesOf(place).filter((path) => !before.has(path)),
    )
  }
}

async function assertAnswers(database: Exclude<AuditPlace['database'], { readonly kind: 'none' }>): Promise<void> {
  const store = await openAuditStore(database, 'reading')
  try {
    await store.heads()
  } finally {
    await store.close()
  }
}

function recordOf({ action, ...fields }: Action, { version }: LoadedConfig, nowMs: number): string {
  const user = userName()
  const actor = user === undefined ? {} : { actor: { user } }
  const about = { ...fields, ...actor, host: hostname(), via: 'command', config_version: version }
  return encodeDraft(draftOf('admin', '', { ...about, action, time: new Date(nowMs).toISOString() }))
}

function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined // A user id without a name, as in containers.
  }
}

function filesOf({ base }: AuditPlace): readonly string[] {
  const prefix = `${basename(base)}-audit`
  return readdirSync(dirname(base))
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(dirname(base), name))
}

// What root makes, the service could not open at its next start.
function giveToOwner({ database, base }: AuditPlace, made: readonly string[]): void {
  const { uid, gid } = statSync(database.kind === 'sqlite' ? database.path : dirname(base))
  for (const path of made) {
    try {
      if (statSync(path).uid !== uid) lchownSync(path, uid, gid)
    } catch {
      // Only root may give files away, and only root's would need it.
    }
  }
}
