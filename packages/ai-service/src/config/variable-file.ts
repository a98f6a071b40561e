// A file that stands in for a variable: `/run/secrets/ai-service/<VARIABLE>`, as containers mount secrets.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LiveReference } from '../secrets/live-source.ts'
import { errorCodeOf, maxSecretBytes } from '../secrets/sources.ts'
import type { Building } from './building.ts'

export interface VariableFile {
  readonly value: string
  readonly source: LiveReference
}

/** `undefined` where there is no such file, or nothing in it, which is noted; one that cannot be read leaves a warning. */
export async function readVariableFile(
  name: string,
  { secretsFolder, secretFiles, blankFiles, findings }: Building,
): Promise<VariableFile | undefined> {
  const path = join(secretsFolder, name)
  try {
    const status = await stat(path)
    // A pipe or a device would never end, and every later look would wait behind this one.
    if (!status.isFile() || status.size > maxSecretBytes) {
      findings.warn(`${path} is not read: found something else, expected a file of 1 MiB at most.`)
      blankFiles.add(path)
      return undefined
    }
    const value = (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
    if (value.trim() === '') {
      blankFiles.add(path)
      return undefined
    }
    secretFiles.add(path)
    return { value, source: { kind: 'file', path, text: `file:${path}` } }
  } catch (error) {
    const code = errorCodeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    findings.warn(`${path} cannot be read (${code}).`)
    blankFiles.add(path)
    return undefined
  }
}
