// A folder as a store: the contract, the rights of its files, and what it says when it cannot be used.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { FolderStorage } from './folder-storage.ts'
import { describeObjectStore, pieces } from './object-store.test.kit.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ai-lib-folder-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describeObjectStore('folder', async () => new FolderStorage(join(folder(), 'not', 'there', 'yet')))

it('files are readable by their owner alone, and nothing else is left', async () => {
  const path = folder()
  await new FolderStorage(path).create('a/b', pieces(1, 10))
  expect(statSync(join(path, 'a', 'b')).mode & 0o777).toBe(0o600)
  expect(statSync(join(path, 'a')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(path, 'a'))).toEqual(['b'])
})

it('what a process that died left behind is no object', async () => {
  const path = folder()
  mkdirSync(join(path, 'a'))
  writeFileSync(join(path, 'a', '.0123456789abcdef.partial'), 'half')
  expect(await new FolderStorage(path).list('')).toEqual([])
})

it('a folder that must exist and does not is not made', async () => {
  const path = join(folder(), 'mnt')
  const store = new FolderStorage(path, { mustExist: true })
  const words = `file:${path}: there is no such folder. Mount the disk that belongs there, or make the folder.`
  await expect(store.create('a/b', pieces(1, 1))).rejects.toThrow(words)
  await expect(store.list('')).rejects.toThrow(words)
  expect(existsSync(path)).toBe(false)
  mkdirSync(path)
  expect(await store.create('a/b', pieces(1, 1))).toBe('created')
})

it('a folder where none can be made is refused, not waited for', async () => {
  // /proc says ENOENT for a folder in a folder that is there, on which Node's own recursive mkdir turns for ever.
  if (!existsSync('/proc/self')) return
  await expect(new FolderStorage('/proc/ai-lib/backups').create('a/b', pieces(1, 1))).rejects.toThrow('ENOENT')
})

it('a file in the way, or a folder that may not be written, is named with what to do', async () => {
  const path = folder()
  writeFileSync(join(path, 'file'), '')
  const blocked = new FolderStorage(join(path, 'file'))
  await expect(blocked.create('a/b', pieces(1, 1))).rejects.toMatchObject({ code: 'service_backup_storage' })
  await expect(blocked.create('a/b', pieces(1, 1))).rejects.toThrow(
    `file:${join(path, 'file')}: cannot be written (EEXIST: a file stands where a folder is needed)`,
  )
  if (process.getuid?.() === 0) return
  chmodSync(path, 0o500)
  await expect(new FolderStorage(path).create('a/b', pieces(1, 1))).rejects.toThrow('EACCES: this user may not')
})
