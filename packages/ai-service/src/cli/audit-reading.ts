// What the audit commands share: the store that the configuration names, opened for reading, and keys and heads beside it.
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { placeOf } from '../app/open-audit.ts'
import { auditFiles, headFilesAt } from '../audit/audit-files.ts'
import { latestHead } from '../audit/head-file.ts'
import { openAuditStore } from '../audit/open-store.ts'
import { parseHead, publicText, type SignedHead } from '../audit/signed-head.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { AuditStore } from '../stores/audit-store.ts'
import { type CliParts, EXIT } from './context.ts'

/** Runs `work` with the store; 1 where it cannot be read, with why on stderr. */
export async function withTrail(
  { stderr }: CliParts,
  loaded: LoadedConfig,
  work: (store: AuditStore) => Promise<number>,
): Promise<number> {
  const { database } = placeOf(loaded.config, '')
  if (database.kind === 'none') {
    stderr.write('error: audit.sinks has no store: records are printed by the service, and there is nothing to read.\n')
    return EXIT.notWell
  }
  let store: AuditStore | undefined
  try {
    store = await openAuditStore(database, 'reading')
    return await work(store)
  } catch (thrown) {
    stderr.write(
      `error: the audit trail cannot be read: ${thrown instanceof Error ? thrown.message : 'unknown fault'}\n`,
    )
    return EXIT.notWell
  } finally {
    await store?.close()
  }
}

/** Public keys that heads may be signed by: the configured one, the one beside the database, and those given. */
export function trustedKeys({ config }: LoadedConfig, given: readonly string[]): ReadonlySet<string> {
  const { base, signingKey } = placeOf(config, '')
  const own = signingKey ?? readIfThere(auditFiles(base).key)
  const pems = [...(own === undefined ? [] : [own]), ...given.map((path) => readFileSync(path, 'utf8'))]
  return new Set(pems.map((pem) => publicText(createPublicKey(pem))))
}

/** Signed heads from the files beside the database. */
export function headsBeside({ config }: LoadedConfig): SignedHead[] {
  return headFilesAt(placeOf(config, '').base).flatMap((path) => latestHead(path) ?? [])
}

/** Signed heads among the lines of a log. @throws NoHeads where it has none: nothing would be compared, without a word. */
export function headsInLog(path: string): SignedHead[] {
  const heads = readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => (line.includes('"signature"') ? (parseHead(line) ?? []) : []))
  if (heads.length === 0) throw new NoHeads(path)
  return heads
}

export class NoHeads extends Error {
  constructor(path: string) {
    super(`${path} has no signed head in it: give the log of the service, with its lines of level info`)
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // Nothing has been signed beside this database yet.
  }
}
