// Every configuration that a page or an example shows is one that the service takes.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocksIn, root } from './pages.ts'

const bin = join(root, 'packages', 'ai-service', 'bin', 'ai-service.js')
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-docs-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({ at: `examples/${name}`, code: readFileSync(join(root, 'examples', name), 'utf8') }))

const shown = [...blocksIn('yaml'), ...examples]

function check(code: string, env: Readonly<Record<string, string>>) {
  const file = join(folder, 'ai-service.yaml')
  writeFileSync(file, code)
  const { status, stderr } = spawnSync(process.execPath, [bin, 'check', '--json', '--config', file], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
  })
  return { status, stderr }
}

/** A value for each variable that the text refers to. */
function variablesOf(code: string): Readonly<Record<string, string>> {
  const names = [...code.matchAll(/(?:env:|\$\{)([A-Z_]+)/g)].map(([, name = '']) => name)
  // The one secret that has a form: 32 bytes.
  const value = (name: string): string =>
    name.endsWith('BACKUP_KEY') ? Buffer.alloc(32, name).toString('base64') : `value-of-${name}`
  return Object.fromEntries(names.map((name) => [name, value(name)]))
}

test('there are configurations to look at', () => {
  expect(shown.length).toBeGreaterThan(3)
})

test.each(shown.map(({ at, code }) => [at, code] as const))('`ai-service check` takes %s', (_at, code) => {
  expect(check(code, variablesOf(code))).toEqual({ status: 0, stderr: '' })
})

test('and refuses one with a misspelt key', () => {
  expect(check('server: { prot: 8080 }', {}).status).toBe(78)
})
