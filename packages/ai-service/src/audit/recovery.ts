// Closes what a crash left open: requests that have a start and no end get an end that says `interrupted`.
import type { AuditStore } from '../stores/audit-store.ts'
import { type Draft, draftOf } from './draft.ts'
import { parseHead } from './signed-head.ts'

const copied = [
  'actor',
  'config_version',
  'dialect',
  'message_count',
  'model',
  'route',
  'stream',
  'tags',
  'tools_count',
] as const

/**
 * A writer of another machine is taken for dead once it has been silent this long with a request open. Its folder may be
 * gone with its container, so that nobody else would ever close what it left.
 */
const silentMs = 6 * 60 * 60 * 1_000

/**
 * The ends that are missing.
 * @param dead writers that write no more.
 * @param own the writer that goes on.
 */
export async function interruptedEnds(
  store: AuditStore,
  dead: ReadonlySet<string>,
  own: string,
  nowMs: number,
): Promise<Draft[]> {
  const time = new Date(nowMs).toISOString()
  const drafts: Draft[] = []
  for (const { writer, low, count, head } of await store.heads()) {
    if (low > count) continue
    const isSilent = writer !== own && nowMs - Date.parse(parseHead(head)?.time ?? '') > silentMs
    if (!dead.has(writer) && !isSilent) continue
    for (const text of await store.openStarts(writer, low)) drafts.push(interruptedEnd(text, time))
  }
  return drafts
}

function interruptedEnd(text: string, time: string): Draft {
  const start = JSON.parse(text) as Readonly<Record<string, unknown>>
  const kept = Object.fromEntries(copied.map((name) => [name, start[name]]))
  const requestId = typeof start['request_id'] === 'string' ? start['request_id'] : ''
  return draftOf('end', requestId, { ...kept, outcome: 'interrupted', time, usage_source: 'unknown' })
}
