// Backups of two small parts into a store that a test may spoil.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { BackupEvent, BackupOptions } from './backup-config.ts'
import { Backups } from './backups.ts'
import { once } from './digest.ts'
import { MemoryStore } from './memory-store.test.kit.ts'
import type { ObjectStore } from './object-store.ts'
import type { BackupPart } from './part.ts'
import { backgroundClock } from './schedule.ts'

export const key = randomBytes(32).toString('base64')
export const dayMs = 86_400_000

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ai-lib-backups-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export const part = (
  name: string,
  bytes: string | Buffer,
  facts: Readonly<Record<string, string>> = {},
): BackupPart => ({
  name,
  open: async () => ({ content: once(Buffer.from(bytes)), facts }),
})

export interface World {
  readonly storage?: ObjectStore
  readonly options?: Partial<BackupOptions>
  readonly retentionDays?: number
}

export function world({ storage = new MemoryStore(), options = {}, retentionDays = 30 }: World = {}) {
  const events: BackupEvent[] = []
  const clock = { ...backgroundClock, dateMs: () => (storage instanceof MemoryStore ? storage.nowMs : Date.now()) }
  const backups = new Backups(
    { enabled: true, intervalMs: dayMs, retentionDays, storage },
    {
      key,
      parts: [part('ai-service.yaml', 'server: {}\n', { version: 'abc' }), part('data/audit.db', randomBytes(700_000))],
      clock,
      onEvent: (event) => events.push(event),
      ...options,
    },
  )
  return { backups, events, memory: storage instanceof MemoryStore ? storage : new MemoryStore() }
}

export const kinds = (report: { generations: readonly { generation: number; kind: string }[] }): readonly string[] =>
  report.generations.map(({ generation, kind }) => `${generation} ${kind}`)
