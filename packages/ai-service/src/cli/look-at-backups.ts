// What `doctor` says of backups: whether their store answers, and how old the newest one is.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { LoadedConfig } from '../config/config.ts'
import { type Finding, unwell } from './finding.ts'

/** Nothing where the configuration names no place for backups. */
export async function lookAtBackups(loaded: LoadedConfig, nowMs: number): Promise<readonly Finding[]> {
  const settings = loaded.config.backup
  if (settings === undefined) return []
  const [{ openBackups }, { openObjectStore }] = await Promise.all([
    import('../backup/open-backups.ts'),
    import('../backup/object-store.ts'),
  ])
  const storage = openObjectStore(settings.target, 3_000)
  const backups = openBackups({ loaded, settings, storage })
  const finding = (state: Finding['state'], detail: string): Finding => ({ what: 'backups', state, detail })
  try {
    const { generations, warnings } = await backups.list()
    const newest = generations.find(({ kind }) => kind === 'good')
    const further = warnings.map((warning) => finding('warn', warning))
    if (newest?.kind !== 'good') return [finding('warn', `${storage.location} holds none`), ...further]
    const { generation, createdAt } = newest.manifest
    const isLate = settings.enabled && nowMs - Date.parse(createdAt) > 2 * settings.intervalMs
    const detail = `generation ${generation} of ${createdAt} at ${storage.location}`
    return [finding(isLate ? 'warn' : 'ok', isLate ? `${detail}: older than two intervals` : detail), ...further]
  } catch (fault) {
    if (!(fault instanceof AiError)) throw fault
    const todo = 'Look at backup.to and what it leads to: `ai-service backup list` says the same.'
    return [unwell('backups', fault.details.message ?? fault.message, todo)]
  } finally {
    await backups.stop()
  }
}
