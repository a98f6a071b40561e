// Caller keys that are given by reference or by a variable, and what is refused of them.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createCallerKey } from '../keys/caller-key.ts'
import { createKeyVerifier } from '../keys/verify-caller-key.ts'
import { secretsIn } from '../redaction/secrets-in.ts'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { loadConfig } from './load.ts'
import { folderWith, loadYaml, mustLoad, NOW_MS, problemsOf } from './load.test.kit.ts'
import { describePlan } from './plan.ts'

const made = createCallerKey('k1', new Uint8Array(32).fill(7))
const random = 'q8Zt3VnB0xKc71LmWd5RyPfH2sJgTe4A'
const env = { OPENAI_API_KEY: 'sk-openai' }

test('keys are given by reference, in our form or any other, and are known without their hash', async () => {
  const loaded = await mustLoad(
    `auth:
  mode: keys
  pepper: env:PEPPER
  keys:
    - { id: one, secret: env:ONE, team: search, models: [gpt-4o] }
    - { id: two, secret: "file:two" }
`,
    { env: { ...env, ONE: made, PEPPER: 'p' }, files: { two: `${random}\n` } },
  )
  const verify = createKeyVerifier(loaded.config.auth, () => 0)
  expect(verify(made)).toMatchObject({ kind: 'known', key: { id: 'one', team: 'search', models: ['gpt-4o'] } })
  expect(verify(random)).toMatchObject({ kind: 'known', key: { id: 'two' } })
  expect(verify(`${random}x`)).toEqual({ kind: 'unknown' })
  expect(verify('short')).toEqual({ kind: 'malformed' })
  expect(describePlan(loaded).auth.keys).toMatchObject([{ id: 'one', from: 'env:ONE' }, { from: 'file:two' }])
  expect(secretsIn(loaded.config).map((secret) => secret.reveal())).toEqual(expect.arrayContaining([made, random]))
  for (const shown of [inspect(loaded, { depth: 9 }), JSON.stringify([loaded, describePlan(loaded)])])
    for (const key of [made, random]) expect(shown).not.toContain(key)
})

test('one key comes from a variable or its file, beside those of the configuration', async () => {
  const asVariable = await mustLoad(undefined, {
    env: { ...env, AI_SERVICE_CALLER_KEY: random, AI_SERVICE_HOST: '::' },
  })
  expect(asVariable.config.auth).toMatchObject({ mode: 'keys', keys: [{ id: 'default' }] })
  expect(asVariable.warnings).toEqual([])
  expect(createKeyVerifier(asVariable.config.auth, () => 0)(random).kind).toBe('known')
  const asFile = await mustLoad('auth: { mode: keys, keys: [ { id: one, secret: env:ONE } ] }', {
    env: { ...env, ONE: made },
    files: { 'secrets/AI_SERVICE_CALLER_KEY': `${random}\n` },
  })
  expect(asFile.config.auth.keys.map(({ id }) => id)).toEqual(['one', 'default'])
  expect(asFile.secretFiles.map((path) => path.split('/').at(-1))).toEqual(['AI_SERVICE_CALLER_KEY'])
})

test('an empty variable is none, one that says nothing new is no second key, a taken id wins with a warning', async () => {
  const yaml = (id: string) => `auth: { mode: keys, keys: [ { id: ${id}, secret: env:ONE } ] }`
  const none = await mustLoad('auth: { mode: keys }', { env: { ...env, AI_SERVICE_CALLER_KEY: ' ' } })
  expect(none.config.auth.keys).toEqual([])
  expect(none.warnings).toEqual([expect.stringContaining('or AI_SERVICE_CALLER_KEY holds one')])
  const same = await mustLoad(yaml('default'), { env: { ...env, ONE: made, AI_SERVICE_CALLER_KEY: made } })
  expect([same.config.auth.keys.length, same.warnings]).toEqual([1, []])
  const taken = await mustLoad(yaml('default'), { env: { ...env, ONE: made, AI_SERVICE_CALLER_KEY: random } })
  expect(taken.config.auth.keys.length).toBe(1)
  expect(taken.warnings).toEqual([expect.stringContaining('AI_SERVICE_CALLER_KEY is not used')])
})

test('on loopback the variable alone does not ask callers for it, and says so', async () => {
  const { config, warnings } = await mustLoad(undefined, { env: { ...env, AI_SERVICE_CALLER_KEY: random } })
  expect(config.auth.mode).toBe('none')
  expect(warnings).toEqual([expect.stringContaining('AI_SERVICE_CALLER_KEY is not used: auth.mode is none')])
})

const bad: readonly (readonly [title: string, key: string, problem: string])[] = [
  ['too short', 'hunter2', 'found a key of 7 characters, expected 32 to 256'],
  ['with blanks', 'correct horse battery staple and so on', 'found a key of 38 characters, expected 32 to 256'],
  ['of our form, cut short', made.slice(0, -1), 'found a key that begins with ais_ and is not whole'],
  ['of few characters', 'changemechangemechangemechangeme', 'found a key of few different characters'],
]

test.each(bad)('a key %s is refused and not repeated', async (_, key, problem) => {
  const inFile = await problemsOf('auth:\n  keys:\n    - { id: a, secret: env:KEY }\n', { env: { ...env, KEY: key } })
  expect(inFile).toEqual([expect.stringContaining(`ai-service.yaml:3:24 auth.keys.0.secret: ${problem}`)])
  const inVariable = await problemsOf(undefined, { env: { ...env, AI_SERVICE_CALLER_KEY: key } })
  expect(inVariable).toEqual([expect.stringContaining(`environment AI_SERVICE_CALLER_KEY: ${problem}`)])
  expect([...inFile, ...inVariable].join()).not.toContain(key)
})

test('a key has a hash or a secret, no two have the same, and a reference leads somewhere', async () => {
  const either = 'this key needs either hash, as `keys create` printed it, or secret, a reference to the key itself'
  expect(await problemsOf('auth: { keys: [ { id: a } ] }', { env })).toEqual([
    `ai-service.yaml:1:17 auth.keys.0: ${either}`,
  ])
  const hash = `hmac-sha256:${'0'.repeat(64)}`
  expect(await problemsOf(`auth: { keys: [ { id: a, secret: env:A, hash: "${hash}" } ] }`, { env })).toEqual([
    `ai-service.yaml:1:17 auth.keys.0: ${either}`,
  ])
  const twice = 'auth: { keys: [ { id: a, secret: env:A }, { id: b, secret: env:A } ] }'
  expect(await problemsOf(twice, { env: { ...env, A: random } })).toEqual([
    'ai-service.yaml:1:60 auth.keys.1.secret: found a secret that another key has',
  ])
  expect(await problemsOf('auth: { keys: [ { id: a, secret: env:A } ] }', { env })).toEqual([
    'ai-service.yaml:1:34 auth.keys.0.secret: found a reference to nothing: env:A is not set',
  ])
})

test('another value is another configuration', async () => {
  const versionWith = async (key: string) => {
    const result = await loadYaml(undefined, { env: { ...env, AI_SERVICE_CALLER_KEY: key } })
    return result.kind === 'loaded' ? result.loaded.version : ''
  }
  expect(await versionWith(random)).not.toBe(await versionWith(made))
})

test('a pipe in place of the file of a variable is not waited for', async () => {
  const cwd = folderWith()
  const secretsFolder = join(cwd, 'secrets')
  mkdirSync(secretsFolder)
  execFileSync('mkfifo', [join(secretsFolder, 'AI_SERVICE_CALLER_KEY')])
  const result = await loadConfig({ env, cwd, specs: providerSpecs, nowMs: NOW_MS, secretsFolder })
  if (result.kind === 'invalid') throw new Error('It is not valid.')
  expect(result.loaded.config.auth.keys).toEqual([])
  expect(result.loaded.warnings).toContainEqual(expect.stringMatching(/AI_SERVICE_CALLER_KEY is not read: found/))
})
