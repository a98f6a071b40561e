// Walks every chain of a restored audit trail, against the keys and signed heads that were restored beside it.
import { createPublicKey } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Manifest, ManifestPart } from 'ai-lib/internal/backup/manifest'
import type { Secret } from 'ai-lib/internal/errors/secret'
import { auditFiles, headFilesAt } from '../audit/audit-files.ts'
import { latestHead } from '../audit/head-file.ts'
import { openAuditStore } from '../audit/open-store.ts'
import { publicText } from '../audit/signed-head.ts'
import { type Verified, verifyExport, verifyStore, type VerifyOptions } from '../audit/verify.ts'
import { chainsFact } from './trail-facts.ts'
import { trailName } from './trail-part.ts'

export interface RestoredTrail {
  readonly ok: boolean
  readonly chains: number
  readonly records: number
  /** What is wrong, in words. */
  readonly faults: readonly string[]
}

/** `undefined` where the backup holds no trail. */
export async function checkTrail(
  folder: string,
  { parts }: Manifest,
  signingKey: Secret | undefined,
): Promise<RestoredTrail | undefined> {
  const part = parts.find(({ facts }) => facts[chainsFact] !== undefined)
  if (!part) return undefined
  const keyPaths = parts.map(({ name }) => name).filter((name) => name.endsWith(auditFiles('').key))
  const pems = await Promise.all(keyPaths.map((name) => readFile(join(folder, name), 'utf8')))
  const all = signingKey === undefined ? pems : [...pems, signingKey.reveal()]
  const bases = keyPaths.map((name) => join(folder, name.slice(0, -auditFiles('').key.length)))
  try {
    const verified = await verify(folder, part, {
      keys: new Set(all.map((pem) => publicText(createPublicKey(pem)))),
      heads: [...new Set([...bases, join(folder, part.name)])]
        .flatMap(headFilesAt)
        .flatMap((path) => latestHead(path) ?? []),
    })
    return {
      ok: verified.ok,
      chains: verified.chains.length,
      records: verified.chains.reduce((sum, { records }) => sum + records, 0),
      faults: verified.faults.map(({ writer, message }) => `${writer === '' ? '' : `chain ${writer}: `}${message}`),
    }
  } catch (fault) {
    return { ok: false, chains: 0, records: 0, faults: [fault instanceof Error ? fault.message : 'unknown fault'] }
  }
}

async function verify(folder: string, { name }: ManifestPart, options: VerifyOptions): Promise<Verified> {
  const path = join(folder, name)
  if (name === trailName)
    return verifyExport(
      createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY }),
      options,
    )
  const store = await openAuditStore({ kind: 'sqlite', path }, 'reading')
  try {
    return await verifyStore(store, options)
  } finally {
    await store.close()
  }
}
