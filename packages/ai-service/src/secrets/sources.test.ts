// References to secrets: which are read, which are refused, and that no message shows a value.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { parseReference, readReference } from './sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'ai-service-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function read(text: string, env: Record<string, string> = {}) {
  const parsed = parseReference(text)
  if (parsed.kind !== 'reference') return parsed.kind
  const result = await readReference(parsed.reference, { env, folder })
  return result.kind === 'secret' ? { value: result.secret.reveal() } : result.why
}

test('env: reads a variable', async () => {
  expect(await read('env:KEY', { KEY: 'v' })).toEqual({ value: 'v' })
  expect(await read('env:KEY')).toBe('env:KEY is not set')
  expect(await read('env:KEY', { KEY: '' })).toBe('env:KEY is empty')
  expect(await read('env:KEY', { KEY: ' \n' })).toBe('env:KEY is empty')
})

test.each([
  ['v', 'v'],
  ['v\n', 'v'],
  ['v\r\n', 'v'],
  ['v\n\n', 'v\n'],
  [' v ', ' v '],
])('file: drops one newline at the end and nothing else: %j', async (content, value) => {
  writeFileSync(join(folder, 'key'), content)
  expect(await read('file:key')).toEqual({ value })
  expect(await read(`file:${join(folder, 'key')}`)).toEqual({ value })
})

test('file: says why it cannot be read', async () => {
  writeFileSync(join(folder, 'empty'), '\n')
  expect(await read('file:empty')).toBe('file:empty is empty')
  expect(await read('file:absent')).toBe('file:absent cannot be read (ENOENT: there is no such file)')
  expect(await read('file:.')).toBe('file:. is not a file')
})

test('a file larger than 1 MiB is no secret', async () => {
  writeFileSync(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1, 'x'))
  chmodSync(join(folder, 'large'), 0o600)
  expect(await read('file:large')).toBe('file:large is larger than 1 MiB')
})

test.each(['aws-sm:name#field', 'gcp-sm:name', 'azure-kv:name'])('%s is refused by the name of its scheme', (text) =>
  expect(parseReference(text)).toEqual({ kind: 'unavailable', scheme: text.slice(0, text.indexOf(':')) }),
)

test('whatever is no reference is refused without being shown', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~]{8,60}$/), (text) => {
      for (const written of [text, `sk-${text}`, `env:${text}`, `\${${text}}`, `Bearer ${text}`]) {
        const parsed = parseReference(written)
        if (parsed.kind === 'refused') expect(parsed.why).not.toContain(text)
      }
    }),
  )
  expect(parseReference('${KEY}')).toMatchObject({ kind: 'refused' })
  expect(parseReference('file:')).toMatchObject({ kind: 'refused' })
  expect(parseReference('')).toMatchObject({ kind: 'refused' })
})

test.each([
  ['vault:kv/openai#key', { mount: 'kv', path: 'openai', field: 'key' }],
  ['vault:secret/team a/open.ai#api_key', { mount: 'secret', path: 'team a/open.ai', field: 'api_key' }],
])('%s names a mount, a path and a field', (text, parts) => {
  expect(parseReference(text)).toEqual({ kind: 'reference', reference: { kind: 'vault', ...parts, text } })
})

test.each([
  'vault:',
  'vault:kv',
  'vault:kv/a',
  'vault:/a#b',
  'vault:kv/#b',
  'vault:kv/a#',
  'vault:kv/../sys/seal#b',
  'vault:kv/a//b#c',
  'vault:kv/a?version=1#b',
  'vault:../kv/a#b',
  'vault:kv/%2e%2e/a#b',
])('%s is no reference to Vault: nobody reaches another route by one', (text) => {
  expect(parseReference(text)).toMatchObject({ kind: 'refused' })
})

test('vault: needs a Vault', async () => {
  expect(await read('vault:kv/a#b')).toBe('vault:kv/a#b needs secrets.vault.address, or VAULT_ADDR in the environment')
})
