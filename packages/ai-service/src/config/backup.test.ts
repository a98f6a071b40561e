// `backup:` — what it comes to, and what it says where it cannot be used.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describePlan } from './plan.ts'
import { folderWith, mustLoad, problemsOf } from './load.test.kit.ts'
import { loadConfig } from './load.ts'
import { providerSpecs } from 'ai-lib/internal/providers/registry'

const env = {
  KEY: randomBytes(32).toString('base64'),
  OLD: randomBytes(32).toString('hex'),
  ID: 'AKIA1',
  SECRET: 's3cr3t-value',
}

describe('a backup section', () => {
  test('fills in what is not said', async () => {
    const { config, folder } = await mustLoad('backup: { enabled: true, to: "file:./backups", encrypt: env:KEY }', {
      env,
    })
    expect(config.backup).toMatchObject({
      enabled: true,
      intervalMs: 86_400_000,
      retentionDays: 30,
      target: { kind: 'folder', path: join(folder, 'backups') },
      previousKeys: [],
    })
    expect((await mustLoad('server: {}', { env })).config.backup).toBeUndefined()
    expect((await mustLoad('backup: { enabled: false }', { env })).config.backup).toBeUndefined()
  })

  test('is off where nothing says that it is on, and still says where backups are', async () => {
    const { config } = await mustLoad('backup: { to: "s3://ai-service-backups/prod/eu/", encrypt: env:KEY }', { env })
    expect(config.backup).toMatchObject({
      enabled: false,
      target: { kind: 's3', bucket: 'ai-service-backups', prefix: 'prod/eu' },
    })
  })

  test('takes an S3 service elsewhere, its credentials as references, and variables in the target', async () => {
    const { config } = await mustLoad(
      [
        'backup:',
        '  to: s3://backups/${NODE}',
        '  encrypt: env:KEY',
        '  encryptPrevious: [ env:OLD ]',
        '  endpoint: http://minio.internal:9000/',
        '  region: eu-central-1',
        '  forcePathStyle: false',
        '  credentials: { accessKeyId: env:ID, secretAccessKey: env:SECRET }',
      ].join('\n'),
      { env: { ...env, NODE: 'node-1' } },
    )
    const target = config.backup?.target
    expect(target).toMatchObject({
      prefix: 'node-1',
      endpoint: 'http://minio.internal:9000',
      region: 'eu-central-1',
      forcePathStyle: false,
    })
    expect(target?.kind === 's3' && target.credentials?.secretAccessKey.reveal()).toBe(env.SECRET)
    expect(config.backup?.previousKeys).toHaveLength(1)
  })

  test('shows no secret in the plan', async () => {
    const loaded = await mustLoad(
      'backup: { to: "s3://backups", encrypt: env:KEY, credentials: { accessKeyId: env:ID, secretAccessKey: env:SECRET } }',
      { env },
    )
    const plan = JSON.stringify(describePlan(loaded))
    expect(plan).toContain('"credentials":"present"')
    for (const secret of [env.KEY, env.SECRET]) expect(plan).not.toContain(secret)
  })
})

const bad: readonly (readonly [string, string])[] = [
  ['backup: { enabled: true }', '1:1 backup: found no to, expected file:/path or s3://bucket/prefix'],
  ['backup: { to: "file:/b" }', '1:1 backup: found no encrypt, expected a reference to 32 bytes'],
  [
    'backup: { to: "file:/b", encrypt: env:ABSENT }',
    'backup.encrypt: found a reference to nothing: env:ABSENT is not set',
  ],
  [
    'backup: { to: "file:/b", encrypt: env:SECRET }',
    'expected 32 bytes as base64, base64url or hex (openssl rand -base64 32 makes one)',
  ],
  [`backup: { to: "file:/b", encrypt: "${env.OLD}" }`, 'backup.encrypt: found a literal of 64 characters'],
  [
    'backup: { to: "file:/b", encrypt: env:KEY, encryptPrevious: [ env:SECRET ] }',
    'backup.encryptPrevious.0: found something else',
  ],
  [
    'backup: { to: "file:/b", encrypt: env:KEY, interval: 59s }',
    'backup.interval: found "59s", expected a duration such as 250ms, 30s, 5m or 24h, at least 1m',
  ],
  [
    'backup: { to: "file:/b", encrypt: env:KEY, retentionDays: 0 }',
    'backup.retentionDays: found 0, expected a whole number from 1 to 36500',
  ],
  [
    'backup: { to: "ftp://b", encrypt: env:KEY }',
    'backup.to: found something else, expected file:/path or s3://bucket/prefix',
  ],
  ['backup: { to: "s3://Bucket_Name", encrypt: env:KEY }', 'backup.to: found something else'],
  ['backup: { to: "s3://bucket/a//b", encrypt: env:KEY }', 'backup.to: found something else'],
  ['backup: { to: "s3://bucket/../b", encrypt: env:KEY }', 'backup.to: found something else'],
  ['backup: { to: "s3://id:s3cr3t-value@bucket", encrypt: env:KEY }', 'backup.to: found something else'],
  ['backup: { to: "file:/b", encrypt: env:KEY, region: eu }', 'backup.region: found region beside a folder'],
  [
    'backup: { to: "s3://bucket", encrypt: env:KEY, endpoint: "minio:9000" }',
    'backup.endpoint: found no http:// or https:// URL',
  ],
  [
    'backup: { to: "s3://bucket", encrypt: env:KEY, credentials: { accessKeyId: env:ID } }',
    'backup.credentials.secretAccessKey: ',
  ],
  ['backup: { to: "s3://bucket", encrypt: env:KEY, intervall: 1h }', 'did you mean interval?'],
]

test.each(bad)('%s is refused', async (yaml, problem) => {
  const found = await problemsOf(yaml, { env })
  expect(found.join('\n')).toContain(problem)
  for (const secret of Object.values(env)) if (secret.length > 6) expect(found.join('\n')).not.toContain(secret)
})

test('a configuration is the same version in whatever folder it lies, and another where it says something else', async () => {
  const yaml = 'backup: { to: "file:./b", encrypt: env:KEY }\nstores: { database: "sqlite:./d/a.db" }'
  const at = (text: string, cwd = folderWith({ 'deep/ai-service.yaml': text })) =>
    loadConfig({
      env,
      cwd,
      specs: providerSpecs,
      nowMs: 0,
      configPath: 'deep/ai-service.yaml',
      secretsFolder: '/nowhere',
    })
  const [one, two, other] = await Promise.all([at(yaml), at(yaml), at(yaml.replace('./b', './c'))])
  const versions = [one, two, other].map((result) => (result.kind === 'loaded' ? result.loaded.version : ''))
  expect(versions[0]).toMatch(/^[0-9a-f]{12}$/)
  expect(versions[1]).toBe(versions[0])
  expect(versions[2]).not.toBe(versions[0])
})

test('replicas with a place each for their backups run one configuration', async () => {
  const version = async (to: string, HOSTNAME: string, more = ''): Promise<string> =>
    (await mustLoad(`backup: { to: "${to}", encrypt: env:KEY${more} }`, { env: { ...env, HOSTNAME, BUCKET: 'one' } }))
      .version
  for (const to of ['file:/backups/${HOSTNAME}', 's3://${BUCKET}/prod/${HOSTNAME}']) {
    const first = await version(to, 'pod-a')
    expect(await version(to, 'pod-b')).toBe(first)
    expect(await version(to.replace('/${', '/elsewhere/${'), 'pod-a')).not.toBe(first)
    expect(await version(to, 'pod-a', ', retentionDays: 7')).not.toBe(first)
  }
  const s3 = 's3://bucket/${HOSTNAME}'
  expect(await version(s3, 'pod-a', ', region: eu-central-1')).not.toBe(await version(s3, 'pod-a'))
})
