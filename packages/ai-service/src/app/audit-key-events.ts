// What happens to provider keys is an administrative action: it is on the audit trail, by names and fingerprints.
import type { KeyEvent } from 'ai-lib/internal/attempts/key-event'
import type { ProviderKeyEvent } from '../secrets/key-feed.ts'
import type { OpenAudit } from './open-audit.ts'

export function auditKeyEvent(audit: OpenAudit, { provider, event }: ProviderKeyEvent): void {
  const about = { provider, key: event.key, key_fingerprint: event.fingerprint }
  const told = actionOf(event)
  if (told) audit.recordAdmin(told.action, { ...about, ...told.fields })
}

interface Action {
  readonly action: string
  readonly fields: Readonly<Record<string, string | undefined>>
}

/** Rests and probations are everyday matters; a source that is away is one for the log. */
function actionOf(event: KeyEvent): Action | undefined {
  switch (event.type) {
    case 'key-rotated':
      return { action: 'key.rotated', fields: { previous_fingerprint: event.previous } }
    case 'key-out':
      return { action: 'key.out', fields: { reason: event.reason, stage: event.stage } }
    case 'key-drained':
      return { action: 'key.drained', fields: {} }
    case 'key-recovered':
      return event.after === 'cooling' ? undefined : { action: 'key.recovered', fields: { after: event.after } }
    case 'key-joined':
    case 'key-cooled':
    case 'refresh-failed':
      return undefined
  }
}
