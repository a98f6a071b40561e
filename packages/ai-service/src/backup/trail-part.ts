// A PostgreSQL audit trail as a part: its records as JSON Lines that end with the signed heads.
import type { BackupPart } from 'ai-lib/internal/backup/part'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { exportTrail } from '../audit/export.ts'
import { openAuditStore } from '../audit/open-store.ts'
import type { AuditStore } from '../stores/audit-store.ts'
import { trailFacts } from './trail-facts.ts'

export const trailName = 'data/audit-trail.jsonl'

/** @param url of the database. */
export function trailPart(url: string): BackupPart {
  return {
    name: trailName,
    async open() {
      const store = await reading(() => openAuditStore({ kind: 'postgres', url }, 'reading'))
      try {
        const facts = trailFacts(await reading(() => store.heads()))
        return { content: contentOf(store), facts, close: () => store.close() }
      } catch (fault) {
        await store.close()
        throw fault
      }
    },
  }
}

async function* contentOf(store: AuditStore): AsyncGenerator<Uint8Array> {
  try {
    for await (const { text } of exportTrail(store)) yield Buffer.from(text)
  } catch (fault) {
    throw unreadable(fault)
  }
}

async function reading<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (fault) {
    throw unreadable(fault)
  }
}

function unreadable(fault: unknown): AiError {
  const code = fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? ` (${fault.code})` : ''
  return new AiError(
    'service_backup_source',
    { message: `The audit trail in PostgreSQL cannot be read${code}: see to stores.database.` },
    { cause: fault },
  )
}
