// The running service and a store of backups that is away, refuses or comes back: it serves all the while.
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatBody, eventually, logLines, metricsOf, post } from '../faults/asking.ts'
import { runCommand } from '../kit/command.ts'
import { type FaultProxy, startFaultProxy } from '../kit/fault-proxy.ts'
import { bucket, type S3Service, s3Credentials, startS3 } from '../kit/s3.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { needs } from '../require.ts'

const env = {
  BACKUP_KEY: randomBytes(32).toString('base64url'),
  BACKUP_ID: s3Credentials.accessKeyId,
  BACKUP_SECRET: s3Credentials.secretAccessKey,
}

const said = (service: RunningService, message: string) =>
  logLines(service).filter((line) => line['message'] === message)

async function serves(service: RunningService): Promise<void> {
  expect((await post(service.url, '/v1/chat/completions', chatBody('simulator/echo'))).status).toBe(200)
  expect((await fetch(`${service.url}/health/ready`)).status).toBe(200)
}

needs('versitygw')('F47 the service whose S3 is away', () => {
  let s3: S3Service
  let proxy: FaultProxy
  let service: RunningService

  beforeAll(async () => {
    s3 = await startS3()
    proxy = await startFaultProxy(s3)
    proxy.fault = () => ({ kind: 'cut-body', afterBytes: 0 })
    const yaml = [
      'providers: { simulator: {} }',
      'stores: { database: "sqlite:./data/ai-service.db" }',
      'backup:',
      '  enabled: true',
      '  interval: 1m',
      `  to: s3://${bucket}`,
      `  endpoint: ${proxy.url}`,
      '  credentials: { accessKeyId: env:BACKUP_ID, secretAccessKey: env:BACKUP_SECRET }',
      '  encrypt: env:BACKUP_KEY',
    ].join('\n')
    service = await startService({ yaml, env })
  }, 60_000)
  afterAll(async () => {
    await service.stop()
    await proxy.stop()
    await s3.stop()
  })

  /** A sample of it: its description is always there. */
  const lastSuccess = /^ai_backup_last_success_timestamp_seconds /m

  test('serves, says what is wrong, keeps one backup here, and drops it once S3 has a newer one', async () => {
    await eventually(() => said(service, 'backup failed; it is tried again').length > 0, 'the failure', 60_000)
    await serves(service)
    const kept = 'backup kept on this machine until the store can be reached'
    await eventually(() => said(service, kept).length > 0, 'the backup kept here', 30_000)
    expect(await metricsOf(service)).not.toMatch(lastSuccess)
    const pending = join(service.folder, 'data', 'backup-pending')
    expect(readdirSync(join(pending, 'generations'))).toHaveLength(1)
    // It is as good as any: a configuration that names the folder reads it.
    writeFileSync(
      join(service.folder, 'pending.yaml'),
      'backup: { to: "file:./data/backup-pending", encrypt: env:BACKUP_KEY }',
    )
    const verify = ['backup', 'verify', '--config', 'pending.yaml']
    expect(await runCommand(verify, { cwd: service.folder, env })).toMatchObject({ code: 0, err: '' })
    proxy.fault = () => undefined
    await eventually(() => said(service, 'backup taken').length > 0, 'a backup once S3 is back', 60_000)
    await eventually(() => !existsSync(join(pending, 'generations')), 'the pending one to go', 10_000)
    expect(await metricsOf(service)).toMatch(lastSuccess)
    await serves(service)
    expect(await runCommand(['backup', 'verify'], { cwd: service.folder, env })).toMatchObject({ code: 0, err: '' })
    for (const secret of Object.values(env)) expect(service.output()).not.toContain(secret)
  }, 180_000)
})

test('a folder that cannot be written: the service serves, and says where and what to do', async () => {
  const service = await startService({
    yaml: [
      'providers: { simulator: {} }',
      'stores: { database: "sqlite:./data/ai-service.db" }',
      'backup: { enabled: true, interval: 1m, to: "file:./ai-service.yaml/backups", encrypt: env:BACKUP_KEY }',
    ].join('\n'),
    env,
  })
  try {
    await eventually(() => said(service, 'backup failed; it is tried again').length > 0, 'the failure', 30_000)
    const [line] = said(service, 'backup failed; it is tried again')
    expect(JSON.stringify(line)).toContain('a file stands where a folder is needed')
    await serves(service)
  } finally {
    await service.stop()
  }
}, 60_000)
