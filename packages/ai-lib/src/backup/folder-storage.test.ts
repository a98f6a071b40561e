// A folder as a store: the contract, the rights of its files, and what it says when it cannot be used.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

it('a file in the way, or a folder that may not be written, is named with what to do', async () => {
  const path = folder()
  writeFileSync(join(path, 'file'), '')
  const blocked = new FolderStorage(join(path, 'file'))
  await expect(blocked.create('a/b', pieces(1, 1))).rejects.toMatchObject({ code: 'service_backup_storage' })
  await expect(blocked.create('a/b', pieces(1, 1))).rejects.toThrow(
    `file:${join(path, 'file')}: cannot be written (ENOTDIR: a file stands where a folder is needed)`,
  )
  if (process.getuid?.() === 0) return
  chmodSync(path, 0o500)
  await expect(new FolderStorage(path).create('a/b', pieces(1, 1))).rejects.toThrow('EACCES: this user may not')
})
