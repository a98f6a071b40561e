// Where the audit trail keeps what stands beside its database: key, signed heads, spools, and who writes.
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Files that begin with `base`: an SQLite file's path, or a name in the folder that stands in for one. */
export function auditFiles(base: string) {
  return {
    key: `${base}-audit.key`,
    /** An SQLite file whose lock says that a process writes as this slot, and which holds its writer ids. */
    slot: (index: number) => `${base}-audit-${index}`,
    head: (index: number) => `${base}-audit-${index}.head`,
    spool: (index: number) => `${base}-audit-${index}.spool`,
  }
}

/** Numbers of all slots that have ever been used. */
export function slotsAt(base: string): number[] {
  const name = basename(base)
  return filesAt(base).flatMap((file) => {
    const found = file.startsWith(`${name}-audit-`) ? /^\d{1,4}$/.exec(file.slice(`${name}-audit-`.length)) : null
    return found ? [Number(found[0])] : []
  })
}

/** Paths of all files of signed heads. */
export function headFilesAt(base: string): string[] {
  const pattern = /-audit-\d{1,4}\.head$/
  return filesAt(base)
    .filter((file) => file.startsWith(basename(base)) && pattern.test(file))
    .map((file) => join(dirname(base), file))
}

function filesAt(base: string): string[] {
  try {
    return readdirSync(dirname(base)).toSorted()
  } catch {
    return [] // Without its folder there is nothing beside the database.
  }
}
