// Opens the trail on this thread, makes its opening record, closes what a crash left open, and lets go of it again.
import { StoreUnusable } from '../stores/audit-store.ts'
import { AuditEngine } from './engine.ts'
import { type AuditPlace, type FromThread, warningsOf } from './messages.ts'
import { TrailUnusable } from './trail.ts'

export interface OpenOnceEvents {
  onWarning(warning: string): void
  onHead(head: string): void
  print(text: string): void
}

/** @throws TrailUnusable. */
export async function openOnce(place: AuditPlace, events: OpenOnceEvents): Promise<void> {
  const tell = (message: FromThread): void => {
    if (message.kind === 'head') events.onHead(message.head)
    else if (message.kind === 'sealed') events.print(message.text)
    else if (message.kind === 'ready') for (const warning of warningsOf(message)) events.onWarning(warning)
  }
  try {
    const engine = await AuditEngine.open({ place, tell, nowMs: () => Date.now(), tries: 'once' })
    await engine.take({ kind: 'close' })
  } catch (thrown) {
    if (thrown instanceof StoreUnusable) throw new TrailUnusable(thrown.message)
    const why = thrown instanceof Error ? thrown.message : 'unknown fault'
    throw new TrailUnusable(`The audit trail at ${place.base} cannot be opened: ${why}.`)
  }
}
