// `ai-service audit verify`: walks every chain, of the store or of an export, and names what is not as it was sealed.
import { open } from 'node:fs/promises'
import { type Verified, verifyExport, verifyStore } from '../audit/verify.ts'
import { errorCodeOf } from '../secrets/sources.ts'
import { headsBeside, headsInLog, NoHeads, trustedKeys, withTrail } from './audit-reading.ts'
import { type CliParts, EXIT } from './context.ts'
import { counted } from './counted.ts'
import { type ConfigOptions, loadOrReport, toJsonLine } from './load-or-report.ts'

export interface AuditVerifyOptions extends ConfigOptions {
  readonly json?: boolean
  /** An export in place of the store. */
  readonly file?: string
  /** Files of public or private keys that heads may be signed by as well. */
  readonly key?: readonly string[]
  /** Files of log lines with signed heads in them. */
  readonly heads?: readonly string[]
}

export async function auditVerify(parts: CliParts, options: AuditVerifyOptions): Promise<number> {
  const loaded = await loadOrReport(parts, options, 'no-provider-keys')
  if (loaded === undefined) return EXIT.config
  const { file, key = [], heads = [] } = options
  try {
    const keys = trustedKeys(loaded, key)
    const fromLogs = heads.flatMap(headsInLog)
    if (file !== undefined) return report(parts, options, await verifyFile(file, { keys, heads: fromLogs }))
    const known = [...headsBeside(loaded), ...fromLogs]
    return await withTrail(parts, loaded, async (store) =>
      report(parts, options, await verifyStore(store, { keys, heads: known })),
    )
  } catch (thrown) {
    if (thrown instanceof NoHeads) {
      parts.stderr.write(`error: ${thrown.message}.\n`)
      return EXIT.notWell
    }
    const why =
      thrown instanceof Error && 'path' in thrown ? `${String(thrown.path)} (${errorCodeOf(thrown)})` : 'a key'
    parts.stderr.write(`error: cannot read ${why}.\n`)
    return EXIT.notWell
  }
}

async function verifyFile(path: string, options: Parameters<typeof verifyExport>[1]): Promise<Verified> {
  const file = await open(path)
  return verifyExport(file.readLines(), options)
}

function report({ stdout }: CliParts, { json }: AuditVerifyOptions, verified: Verified): number {
  const { ok, chains, faults } = verified
  if (json === true) stdout.write(toJsonLine(verified))
  else {
    for (const { writer, records, signedAt } of chains) {
      const fault = faults.find((found) => found.writer === writer)
      if (fault) stdout.write(`BAD  ${writer}: ${fault.message} In order before it: ${counted(records, 'record')}.\n`)
      else
        stdout.write(
          `ok   ${writer}: ${counted(records, 'record')}, signed ${signedAt ?? 'by a head from elsewhere'}\n`,
        )
    }
    for (const { writer, message } of faults) if (writer === '') stdout.write(`BAD  ${message}\n`)
    stdout.write(
      ok ? `The audit trail is whole: ${counted(chains.length, 'chain')}.\n` : 'The audit trail is NOT whole.\n',
    )
  }
  return ok ? EXIT.ok : EXIT.notWell
}
