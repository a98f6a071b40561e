// Certificates and keys that a configuration names: read, and held against each other, before anything starts.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mustLoad, problemsOf } from './load.test.kit.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`../../../ai-lib/src/transport/fixtures/${name}`, import.meta.url), 'utf8')

const files = {
  'cert.pem': fixture('localhost.pem'),
  'key.pem': fixture('localhost.key'),
  'other.key': fixture('other.key'),
  'ca.pem': fixture('ca.pem'),
  'text.pem': 'no certificate',
  'broken.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
}

test('a certificate and its key are read from beside the config', async () => {
  const { config, secretFiles } = await mustLoad('server: { tls: { cert: cert.pem, key: file:key.pem } }', { files })
  expect(config.server.tls?.cert).toBe(files['cert.pem'])
  expect(config.server.tls?.key.reveal()).toBe(files['key.pem'].trimEnd())
  expect(secretFiles).toHaveLength(1)
})

test('a provider’s certificates are read', async () => {
  const yaml = 'providers: { openai: { ca: file:ca.pem } }'
  const { config } = await mustLoad(yaml, { files, env: { OPENAI_API_KEY: 'k' } })
  expect(config.providers.get('openai')?.ca).toEqual([files['ca.pem']])
})

test.each([
  [
    'cert: absent.pem, key: file:key.pem',
    'server.tls.cert: found a file that cannot be read (ENOENT: there is no such file)',
  ],
  ['cert: text.pem, key: file:key.pem', 'server.tls.cert: found a file without a PEM certificate'],
  ['cert: broken.pem, key: file:key.pem', 'server.tls.cert: found a file without a PEM certificate'],
  ['cert: cert.pem, key: file:text.pem', 'server.tls.key: found no PEM private key'],
  ['cert: cert.pem, key: file:other.key', 'server.tls: found a certificate and key that do not work together'],
  ['cert: cert.pem, key: key.pem', 'server.tls.key: found a literal of 7 characters'],
  ['cert: cert.pem', 'server.tls.key: found nothing, expected a reference'],
])('server.tls: { %s } is refused', async (tls, expected) => {
  const problems = await problemsOf(`server: { tls: { ${tls} } }`, { files })
  expect(problems.join('\n')).toContain(expected)
})
