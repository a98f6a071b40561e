// A stamp changes with content, names and absence, and with nothing else.
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderWith } from './load.test.kit.ts'
import { stampOf } from './source-stamp.ts'

test('follows the content of files, not their times', async () => {
  const folder = folderWith({ a: 'one' })
  const sources = { files: [join(folder, 'a')], folders: [] }
  const before = await stampOf(sources)
  utimesSync(join(folder, 'a'), new Date(1), new Date(1))
  expect(await stampOf(sources)).toBe(before)
  writeFileSync(join(folder, 'a'), 'two')
  expect(await stampOf(sources)).not.toBe(before)
})

test('sees a file that comes, goes, or is swapped behind a link', async () => {
  const folder = folderWith({ 'v1/a': 'one', 'v2/a': 'two' })
  symlinkSync('v1', join(folder, 'data'))
  symlinkSync('data/a', join(folder, 'a'))
  const sources = { files: [join(folder, 'a')], folders: [] }
  const seen = [await stampOf(sources)]
  symlinkSync('v2', join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, 'data'))
  seen.push(await stampOf(sources))
  rmSync(join(folder, 'a'))
  seen.push(await stampOf(sources))
  expect(new Set(seen).size).toBe(3)
})

test('of a folder the names count', async () => {
  const folder = folderWith({ a: 'one' })
  const sources = { files: [], folders: [folder, join(folder, 'absent')] }
  const before = await stampOf(sources)
  writeFileSync(join(folder, 'a'), 'two')
  expect(await stampOf(sources)).toBe(before)
  writeFileSync(join(folder, 'b'), 'one')
  expect(await stampOf(sources)).not.toBe(before)
})

test('what is no file, or too large, is not read', async () => {
  const folder = folderWith({})
  mkdirSync(join(folder, 'folder'))
  writeFileSync(join(folder, 'large'), Buffer.alloc(5 * 1024 * 1024))
  const sources = { files: [join(folder, 'folder'), join(folder, 'large')], folders: [] }
  const before = await stampOf(sources)
  writeFileSync(join(folder, 'large'), Buffer.alloc(5 * 1024 * 1024 + 1))
  expect(await stampOf(sources)).not.toBe(before)
})
