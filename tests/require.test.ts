// What tests may need is found where it is, and not where it is not.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { available, needsThat } from './require.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'require-'))
  vi.stubEnv('PATH', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

test('a program on PATH is available', async () => {
  await writeFile(join(folder, 'wrk'), '')
  await chmod(join(folder, 'wrk'), 0o755)
  expect(available('wrk')).toBe(true)
})

test('an absent program is not', () => {
  expect(available('wrk')).toBe(false)
})

test('a file of its name that nobody may run is not', async () => {
  await writeFile(join(folder, 'wrk'), '')
  await chmod(join(folder, 'wrk'), 0o644)
  expect(available('wrk')).toBe(false)
})

describe('what only trying it tells', () => {
  const ran: string[] = []
  needsThat(true, { need: 'air', enable: 'open a window' })('is there', () => {
    test('and runs', () => void ran.push('ran'))
  })

  test('where it is there, the suite has run', () => {
    expect(ran).toEqual(['ran'])
  })
})
