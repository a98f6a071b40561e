// S3 for real: the contract against a service that verifies signatures, and backups through a proxy that breaks things.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEvent, type BackupPart, Backups, S3Storage, type S3StorageOptions } from 'ai-lib'
import { describeObjectStore } from 'ai-lib/internal/backup/object-store.test.kit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Fault, type FaultProxy, type PassingRequest, startFaultProxy } from '../kit/fault-proxy.ts'
import { bucket, type S3Service, s3Credentials, startS3 } from '../kit/s3.ts'
import { needs } from '../require.ts'

const MIB = 1024 * 1024
const key = randomBytes(32).toString('base64')
const large = randomBytes(20 * MIB)

let service: S3Service
let proxy: FaultProxy
let used = 0

/** A place of its own in the one bucket. */
function storage(options: Partial<S3StorageOptions> = {}, name = bucket): S3Storage {
  const store = new S3Storage(name, {
    prefix: `run-${(used += 1)}`,
    endpoint: service.url,
    credentials: s3Credentials,
    ...options,
  })
  onTestFinished(() => store.close())
  return store
}

const bytesPart = (name: string, bytes: Uint8Array): BackupPart => ({
  name,
  open: async () => ({
    content: (async function* () {
      for (let from = 0; from < bytes.length; from += MIB) yield bytes.subarray(from, from + MIB)
    })(),
  }),
})

function backupsAt(store: S3Storage) {
  const events: BackupEvent[] = []
  const backups = new Backups(
    { enabled: true, intervalMs: 86_400_000, retentionDays: 30, storage: store },
    {
      key,
      parts: [bytesPart('small.txt', Buffer.from('small')), bytesPart('data/large.bin', large)],
      onEvent: (event) => events.push(event),
    },
  )
  return { backups, events }
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ai-service-s3-restore-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

needs('versitygw')('S3', () => {
  beforeAll(async () => {
    service = await startS3()
    proxy = await startFaultProxy(service)
  }, 60_000)
  afterAll(async () => {
    await proxy.stop()
    await service.stop()
  })

  describeObjectStore('S3', async () => storage())

  test('a backup goes in parts, comes back byte for byte, and leaves no upload behind', async () => {
    const { backups } = backupsAt(storage())
    await backups.now()
    expect((await backups.verify()).generations.map(({ kind }) => kind)).toEqual(['good'])
    const to = folder()
    await backups.restore({ to })
    expect(readFileSync(join(to, 'data/large.bin')).equals(large)).toBe(true)
    expect(await service.unfinishedUploads()).toBe(0)
  })

  test('T37 a set that somebody with the bucket’s credentials overwrote is refused, and named', async () => {
    const store = storage()
    const { backups } = backupsAt(store)
    await backups.now()
    const prefix = store.location.split('/').at(-1)
    await service.overwrite(`${prefix}/generations/0000000001/part-001`, randomBytes(21))
    await expect(backups.restore({ to: folder() })).rejects.toThrow(
      'generation 1, small.txt (generations/0000000001/part-001): block 1, the last, does not open',
    )
  })

  test.each([
    [
      'a wrong secret',
      { credentials: { ...s3Credentials, secretAccessKey: 'wrong' } },
      bucket,
      'refused the credentials (403 SignatureDoesNotMatch)',
    ],
    [
      'an unknown key',
      { credentials: { ...s3Credentials, accessKeyId: 'AKIANOBODY' } },
      bucket,
      'answered 404 XAdminUserNotFound' /* versitygw’s own word */,
    ],
    ['no such bucket', {}, 'no-such-bucket', 'there is no bucket no-such-bucket at 127.0.0.1'],
    ['nobody there', { endpoint: 'http://127.0.0.1:1' }, bucket, '127.0.0.1:1 cannot be reached (ECONNREFUSED)'],
  ])('F47 %s: said with what to do, and no secret', async (_, options, name, message) => {
    const { backups, events } = backupsAt(storage(options, name))
    const fault = await backups.now().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(fault).toMatchObject({ code: 'service_backup_storage' })
    expect(String(fault)).toContain(message)
    expect(events.at(-1)).toMatchObject({ type: 'backup-failed' })
    for (const secret of [s3Credentials.secretAccessKey, key]) expect(String(fault)).not.toContain(secret)
  })

  /** One backup, a fault, and what is there afterwards: never a candidate that is not whole. */
  async function broken(fault: (request: PassingRequest) => Fault | undefined, timeoutMs = 5_000) {
    const options = { prefix: `run-${(used += 1)}`, endpoint: proxy.url, timeoutMs }
    const { backups } = backupsAt(storage(options))
    proxy.fault = () => undefined
    await backups.now()
    proxy.fault = fault
    const outcome = await backups.now().then(
      () => 'taken',
      (thrown: Error) => thrown.message,
    )
    proxy.fault = () => undefined
    // As somebody who comes later sees it, past the proxy.
    const { backups: later } = backupsAt(storage({ prefix: options.prefix }))
    const report = await later.verify()
    expect(report.generations.filter(({ kind }) => kind !== 'incomplete').every(({ kind }) => kind === 'good')).toBe(
      true,
    )
    return { outcome, kinds: report.generations.map(({ generation, kind }) => `${generation} ${kind}`), later }
  }
  const xml = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`
  const isPart = ({ url, method }: PassingRequest): boolean => method === 'PUT' && url.includes('partNumber=2')

  test.each<[string, string, (request: PassingRequest) => Fault | undefined]>([
    [
      '500 for good',
      '500',
      ({ method }) => (method === 'PUT' ? { kind: 'answer', status: 500, body: xml('InternalError') } : undefined),
    ],
    [
      '403 in the middle',
      '403 AccessDenied',
      (request) => (isPart(request) ? { kind: 'answer', status: 403, body: xml('AccessDenied') } : undefined),
    ],
    [
      '503 SlowDown',
      '503 SlowDown',
      (request) => (isPart(request) ? { kind: 'answer', status: 503, body: xml('SlowDown') } : undefined),
    ],
    [
      'a reset in the middle of a part',
      'cut the connection (ECONNRESET)',
      (request) => (isPart(request) ? { kind: 'cut-body', afterBytes: 3 * MIB } : undefined),
    ],
  ])(
    'F47 %s: no candidate is left, parts are taken back, the next one goes through',
    async (_, message, fault) => {
      const { outcome, kinds, later } = await broken(fault)
      expect(outcome).toContain(message)
      expect(kinds).toEqual(['1 good'])
      expect(await service.unfinishedUploads()).toBe(0)
      expect((await later.now()).generation).toBe(2)
    },
    60_000,
  )

  test('F47 silence in the middle of a part ends at its time limit', async () => {
    const { outcome, kinds } = await broken((request) => (isPart(request) ? { kind: 'silence' } : undefined), 700)
    expect(outcome).toContain('did not answer in time')
    expect(kinds).toEqual(['1 good'])
    expect(await service.unfinishedUploads()).toBe(0)
  }, 60_000)

  test('F47 a service that dies before the manifest leaves no candidate, and what is left does no harm', async () => {
    let isDead = false
    const { outcome, kinds, later } = await broken((request) => {
      isDead ||= request.url.includes('/manifest')
      return isDead ? { kind: 'cut-body', afterBytes: 0 } : undefined
    }, 1_000)
    expect(outcome).toContain('cut the connection')
    expect(kinds).toEqual(['2 incomplete', '1 good'])
    expect((await later.restore({ to: folder() })).manifest.generation).toBe(1)
    expect((await later.now()).generation).toBe(3)
  }, 60_000)

  test.each([
    ['a claim', ({ url }: PassingRequest) => url.includes('/claim')],
    ['a manifest', ({ url, method }: PassingRequest) => method === 'PUT' && url.includes('/manifest')],
    [
      'the end of an upload in parts',
      ({ url, method }: PassingRequest) => method === 'POST' && url.includes('uploadId'),
    ],
  ])(
    'F47 the lost answer to %s: what was stored is looked at, and the backup is good',
    async (_, isIt) => {
      let lost = 0
      const { outcome, kinds } = await broken((request) =>
        isIt(request) && request.method !== 'GET' && (lost += 1) === 1 ? { kind: 'lose-answer' } : undefined,
      )
      expect(lost).toBeGreaterThan(0)
      expect(outcome).toBe('taken')
      expect(kinds).toEqual(['2 good', '1 good'])
    },
    60_000,
  )

  test('F47 a listing that lags: the number is given once', async () => {
    const empty = `<?xml version="1.0"?><ListBucketResult><Name>${bucket}</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>`
    const { outcome, kinds } = await broken(({ url }) =>
      url.includes('list-type=2') ? { kind: 'answer', status: 200, body: empty } : undefined,
    )
    expect(outcome).toBe('taken')
    expect(kinds).toEqual(['2 good', '1 good'])
  }, 60_000)

  test('F47 bytes that were spoilt on their way back: the backup does not count', async () => {
    const { outcome, kinds } = await broken(({ url, method }) =>
      method === 'GET' && url.includes('/part-002') ? { kind: 'spoil-answer', at: 5 * MIB } : undefined,
    )
    expect(outcome).toMatch(/part-002 is read back other than it was written|checksum/i)
    expect(kinds).toEqual(['1 good'])
  }, 60_000)
})
