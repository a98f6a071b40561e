// A file as a part of backups, for what is written whole: configurations, keys, exports.
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { AiError } from '../errors/ai-error.ts'
import type { BackupPart } from './part.ts'
import { faultCode } from './storage-error.ts'

/**
 * Backs up a file as it is when the backup is taken. Not for databases and logs that are written meanwhile: give a
 * snapshot of those.
 *
 * @param path of the file; where it is absent, the backup is taken without it.
 * @param name what it is called in the backup and restored as. Default: the file's own name.
 *
 * @example
 * ```ts
 * import { filePart } from 'ai-lib'
 * const parts = [filePart('/etc/app/prompts.json'), filePart('/etc/app/models.json', 'config/models.json')]
 * ```
 */
export function filePart(path: string, name: string = basename(path)): BackupPart {
  return {
    name,
    async open(signal) {
      try {
        const file = await open(path)
        const content: AsyncIterable<Buffer> = file.createReadStream({ highWaterMark: 256 * 1024, signal })
        return { content, close: () => file.close() }
      } catch (fault) {
        if (faultCode(fault) === 'ENOENT') return undefined
        const why = faultCode(fault) ?? 'unknown fault'
        throw new AiError('service_backup_source', { message: `${path} cannot be read (${why}).` }, { cause: fault })
      }
    },
  }
}
