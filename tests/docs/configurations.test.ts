// Every configuration that a page or an example shows is one that the service takes.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocksIn, root } from './pages.ts'

const bin = join(root, 'packages', 'ai-service', 'bin', 'ai-service.js')
/** Keys of callers have at least 32 characters. */
const tail = '-0123456789abcdef'
let folder = ''
/** Stands in for the Vault of the pages: any login succeeds, any secret is there. */
let vault: Server

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-docs-'))
  writeFileSync(join(folder, 'mounted'), `value-of-a-file${tail}`)
  vault = createServer((_request, response) => {
    const data = { data: { key: 'value-of-vault' }, metadata: { version: 1 } }
    response.end(JSON.stringify({ data, auth: { client_token: 'token', lease_duration: 60, renewable: true } }))
  })
  await new Promise<void>((resolve) => void vault.listen(0, '127.0.0.1', resolve))
})

afterAll(() => {
  vault.close()
  rmSync(folder, { recursive: true, force: true })
})

const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({ at: `examples/${name}`, code: readFileSync(join(root, 'examples', name), 'utf8') }))

/** Blocks that a comment calls something else are looked at by samples.test.ts. */
const shown = [...blocksIn('yaml').filter(({ sample }) => sample === undefined), ...examples]

interface Checked {
  readonly status: number
  readonly stderr: string
}

function check(code: string, env: Readonly<Record<string, string>>): Promise<Checked> {
  const file = join(folder, 'ai-service.yaml')
  writeFileSync(file, madeReadable(code))
  const environment = { PATH: process.env['PATH'] ?? '', ...env }
  return new Promise((resolve) => {
    const args = [bin, 'check', '--json', '--config', file]
    execFile(process.execPath, args, { cwd: folder, env: environment }, (error, _stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stderr }),
    )
  })
}

/** Paths and hosts of an operator's, put where this machine has something: secrets in files, Vault and its certificate. */
function madeReadable(code: string): string {
  const { port } = vault.address() as AddressInfo
  return code
    .replaceAll(/file:\/[\w./-]+/g, `file:${join(folder, 'mounted')}`)
    .replaceAll('https://vault.example.com:8200', `http://127.0.0.1:${port}`)
    .replaceAll(/^ *ca: .*\n/gm, '')
}

/** A value for each variable that the text refers to. */
function variablesOf(code: string): Readonly<Record<string, string>> {
  const names = [...code.matchAll(/(?:env:|\$\{)([A-Z_]+)/g)].map(([, name = '']) => name)
  // The one secret that has a form: 32 bytes.
  const value = (name: string): string =>
    name.endsWith('BACKUP_KEY') ? Buffer.alloc(32, name).toString('base64') : `value-of-${name}${tail}`
  return Object.fromEntries(names.map((name) => [name, value(name)]))
}

test('there are configurations to look at', () => {
  expect(shown.length).toBeGreaterThan(3)
})

test.each(shown.map(({ at, code }) => [at, code] as const))('`ai-service check` takes %s', async (_at, code) => {
  expect(await check(code, variablesOf(code))).toEqual({ status: 0, stderr: '' })
})

test('and refuses one with a misspelt key', async () => {
  expect((await check('server: { prot: 8080 }', {})).status).toBe(78)
})
