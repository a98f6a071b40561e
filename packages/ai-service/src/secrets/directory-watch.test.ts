// A watch tells of a change soon after it is over, and now and then where it never is.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from './eventually.test.kit.ts'
import { DirectoryWatch } from './directory-watch.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'watch-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('several events of one change are told once, and none after its end', async () => {
  const place = folder()
  const watch = new DirectoryWatch()
  let told = 0
  const unwatch = watch.watch(join(place, 'a'), () => told++)
  for (let write = 0; write < 5; write++) writeFileSync(join(place, 'a'), String(write))
  await eventually(() => told > 0)
  expect(told).toBe(1)
  unwatch()
  writeFileSync(join(place, 'a'), 'again')
  const other = new DirectoryWatch()
  let heard = 0
  onTestFinished(other.watch(join(place, 'a'), () => heard++))
  writeFileSync(join(place, 'a'), 'and again')
  await eventually(() => heard > 0)
  expect(told).toBe(1)
})

test('a folder that is never quiet, because a database lies in it, is told of all the same', async () => {
  const place = folder()
  const watch = new DirectoryWatch()
  let told = 0
  onTestFinished(watch.watch(join(place, 'a'), () => told++))
  const timer = setInterval(() => appendFileSync(join(place, 'database'), 'x'), 5)
  onTestFinished(() => clearInterval(timer))
  await eventually(() => told >= 2)
})

test('a folder that is not there is no fault', () => {
  expect(() => new DirectoryWatch().watch('/nowhere/at/all', () => undefined)()).not.toThrow()
})
