// Backups in a folder: an object is written under another name, synced, and linked to its own once it is whole.
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { constants, copyFile, link, readdir, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { makeFolders, syncFolder, writeNewFile } from './durable-file.ts'
import { isObjectKey, type ObjectStore, type StoredObject } from './object-store.ts'
import { faultCode, storageError } from './storage-error.ts'

const readBytes = 256 * 1024

export interface FolderStorageOptions {
  /**
   * Refuses a folder that is not there, in place of making it: the disk that should be mounted there may not be, and
   * backups would fill another one. Default false.
   */
  readonly mustExist?: boolean
}

/**
 * Keeps backups in a folder, which is made where it is absent. Files are readable by their owner alone.
 *
 * @example
 * ```ts
 * import { FolderStorage, type BackupConfig } from 'ai-lib'
 * const config: BackupConfig = {
 *   enabled: true,
 *   intervalMs: 24 * 3_600_000,
 *   retentionDays: 30,
 *   storage: new FolderStorage('/var/backups/ai-service'),
 * }
 * ```
 */
export class FolderStorage implements ObjectStore {
  readonly location: string
  readonly #folder: string
  readonly #mustExist: boolean

  /** @param folder a path; a relative one starts at the working directory. */
  constructor(folder: string, { mustExist = false }: FolderStorageOptions = {}) {
    this.#folder = resolve(folder)
    this.#mustExist = mustExist
    this.location = `file:${this.#folder}`
  }

  async create(key: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<'created' | 'exists'> {
    const path = this.#pathOf(key)
    await this.#assertThere()
    const folder = dirname(path)
    const partial = join(folder, `.${randomBytes(8).toString('hex')}.partial`)
    try {
      await makeFolders(folder)
      await writeNewFile(partial, content, signal)
      return await publish(partial, path)
    } catch (fault) {
      throw this.#explain(fault, 'cannot be written')
    } finally {
      // Published or given up: the other name goes. Where that fails `list` leaves it out all the same.
      await unlink(partial).catch(() => undefined)
    }
  }

  async read(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    const path = this.#pathOf(key)
    try {
      if (!(await stat(path)).isFile()) return undefined
    } catch (fault) {
      if (isAbsent(fault)) return undefined
      throw this.#explain(fault, 'cannot be read')
    }
    return this.#contentOf(path, signal)
  }

  async *#contentOf(path: string, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
    try {
      const stream: AsyncIterable<Buffer> = createReadStream(path, {
        highWaterMark: readBytes,
        ...(signal === undefined ? {} : { signal }),
      })
      yield* stream
    } catch (fault) {
      throw this.#explain(fault, 'cannot be read')
    }
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    await this.#assertThere()
    const found: StoredObject[] = []
    // Where the prefix ends in `/` only that folder is looked through.
    const start = prefix.endsWith('/') ? prefix.slice(0, -1) : ''
    try {
      for await (const key of keysBelow(this.#folder, start)) {
        if (!key.startsWith(prefix)) continue
        const object = await this.#look(key)
        if (object) found.push(object)
      }
    } catch (fault) {
      // A folder that is not there yet holds nothing.
      if (!isAbsent(fault)) throw this.#explain(fault, 'cannot be listed')
    }
    return found.toSorted((left, right) => (left.key < right.key ? -1 : 1))
  }

  /** A file that somebody removes while we look is as if it had never been seen. */
  async #look(key: string): Promise<StoredObject | undefined> {
    try {
      const { size, mtimeMs } = await stat(join(this.#folder, key))
      return { key, bytes: size, modifiedMs: mtimeMs }
    } catch (fault) {
      if (isAbsent(fault)) return undefined
      throw fault
    }
  }

  async remove(key: string): Promise<void> {
    const path = this.#pathOf(key)
    try {
      await unlink(path)
    } catch (fault) {
      if (!isAbsent(fault)) throw this.#explain(fault, 'cannot be removed')
    }
    // An empty folder has nothing to say; one with files in it refuses, which is right.
    if (dirname(path) !== this.#folder) await rmdir(dirname(path)).catch(() => undefined)
  }

  close(): void {
    // No connection is held.
  }

  async #assertThere(): Promise<void> {
    if (!this.#mustExist) return
    try {
      if ((await stat(this.#folder)).isDirectory()) return
    } catch (fault) {
      if (faultCode(fault) !== 'ENOENT') throw this.#explain(fault, 'cannot be used')
      throw storageError(
        this.location,
        'there is no such folder. Mount the disk that belongs there, or make the folder.',
      )
    }
    throw storageError(this.location, `cannot be used (a file stands where a folder is needed).`)
  }

  #pathOf(key: string): string {
    if (!isObjectKey(key)) throw storageError(this.location, `${JSON.stringify(key)} is no key of an object.`)
    return join(this.#folder, ...key.split('/'))
  }

  #explain(fault: unknown, what: string): Error {
    const code = faultCode(fault)
    // What the content threw, or an abort: not a fault of the folder.
    if (code === undefined || !/^E[A-Z]+$/.test(code))
      return fault instanceof Error ? fault : new Error('unknown fault')
    return storageError(this.location, `${what} (${code}${advice.get(code) ?? ''}).`, fault)
  }
}

const advice: ReadonlyMap<string, string> = new Map([
  ['EACCES', ': this user may not; give it the folder, or name another'],
  ['EPERM', ': this user may not; give it the folder, or name another'],
  ['EROFS', ': the file system is mounted read-only'],
  ['ENOSPC', ': the disk is full; free some or name another folder'],
  ['EDQUOT', ': the quota is used up; free some or name another folder'],
  ['ENOTDIR', ': a file stands where a folder is needed'],
  ['EEXIST', ': a file stands where a folder is needed'],
])

const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** A link fails where the name is taken: nobody's object is ever replaced, and none is seen half written. */
async function publish(partial: string, path: string): Promise<'created' | 'exists'> {
  try {
    await link(partial, path).catch((fault: unknown) => {
      // Some file systems have no links (SMB, exFAT): a copy that refuses a taken name is the next best.
      if (!withoutLinks.has(faultCode(fault) ?? '')) throw fault
      return copyFile(partial, path, constants.COPYFILE_EXCL)
    })
  } catch (fault) {
    if (faultCode(fault) === 'EEXIST') return 'exists'
    throw fault
  }
  await syncFolder(dirname(path))
  return 'created'
}

async function* keysBelow(root: string, start: string): AsyncIterable<string> {
  const entries = await readdir(join(root, ...start.split('/')), { withFileTypes: true })
  for (const entry of entries) {
    const key = start === '' ? entry.name : `${start}/${entry.name}`
    if (!isObjectKey(key)) continue
    if (entry.isDirectory()) yield* keysBelow(root, key)
    else if (entry.isFile()) yield key
  }
}

function isAbsent(fault: unknown): boolean {
  const code = faultCode(fault)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
