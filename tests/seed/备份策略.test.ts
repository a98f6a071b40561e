// Backups, as the seed draws them (enabled, an interval, days, a bucket, and nothing that takes one): here they are taken, sealed, kept for their days, verified and restored.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupConfig, Backups, filePart, FolderStorage, S3Storage } from 'ai-lib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { chatBody, eventually, logLines, metricsOf, post } from '../faults/asking.ts'
import { runCommand } from '../kit/command.ts'
import { bucket, type S3Service, s3Credentials, startS3 } from '../kit/s3.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { needs } from '../require.ts'

const key = randomBytes(32).toString('base64')

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'seed-backup-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describe('the library', () => {
  it('takes what the seed writes down, and backups come back byte for byte', async () => {
    const home = folder()
    writeFileSync(join(home, 'settings.json'), '{"model":"gpt-4o"}')
    const config: BackupConfig = {
      enabled: true,
      intervalMs: 24 * 3_600_000,
      retentionDays: 30,
      storage: new FolderStorage(join(home, 'backups')),
    }
    const backups = new Backups(config, { key, parts: [filePart(join(home, 'settings.json'))] })
    expect((await backups.now()).generation).toBe(1)
    writeFileSync(join(home, 'settings.json'), '{"model":"lost"}')
    expect((await backups.verify()).generations).toMatchObject([{ generation: 1, kind: 'good' }])
    await backups.restore({ to: join(home, 'restored') })
    expect(readFileSync(join(home, 'restored', 'settings.json'), 'utf8')).toBe('{"model":"gpt-4o"}')
    await backups.stop()
  })

  it('takes them on its own once it is started, and none where it is not enabled', async () => {
    const home = folder()
    writeFileSync(join(home, 'a.txt'), 'a')
    const done: string[] = []
    const open = (enabled: boolean): Backups =>
      new Backups(
        { enabled, intervalMs: 60_000, retentionDays: 30, storage: new FolderStorage(join(home, String(enabled))) },
        {
          key,
          parts: [filePart(join(home, 'a.txt'))],
          random: () => 0,
          onEvent: ({ type }) => done.push(`${enabled} ${type}`),
        },
      )
    const running = [open(true), open(false)]
    for (const one of running) one.start()
    await eventually(() => done.includes('true backup-done'), 'a backup')
    for (const one of running) await one.stop()
    expect(done.filter((line) => line.startsWith('false'))).toEqual([])
  })

  it('never prints the key', () => {
    const storage = new S3Storage(bucket, {
      credentials: { accessKeyId: 'AKIASEED', secretAccessKey: 'seed-secret-value' },
    })
    const backups = new Backups({ enabled: true, intervalMs: 60_000, retentionDays: 1, storage }, { key, parts: [] })
    const printed = JSON.stringify([backups, storage]) + String(backups) + String(storage)
    for (const secret of [key, 'seed-secret-value']) expect(printed).not.toContain(secret)
  })
})

needs('versitygw')('the service with S3', () => {
  let s3: S3Service
  let simulated: Simulated
  const env = {
    BACKUP_KEY: key,
    BACKUP_ID: s3Credentials.accessKeyId,
    BACKUP_SECRET: s3Credentials.secretAccessKey,
  }
  const yaml = (): string =>
    [
      'stores: { database: "sqlite:./data/ai-service.db" }',
      'backup:',
      '  enabled: true',
      '  interval: 1m',
      '  retentionDays: 30',
      `  to: s3://${bucket}/prod`,
      `  endpoint: ${s3.url}`,
      '  credentials: { accessKeyId: env:BACKUP_ID, secretAccessKey: env:BACKUP_SECRET }',
      '  encrypt: env:BACKUP_KEY',
    ].join('\n')

  beforeAll(async () => {
    s3 = await startS3()
    simulated = await startSimulated({ yaml: yaml(), env })
  }, 60_000)
  afterAll(async () => {
    await simulated.stop()
    await s3.stop()
  })

  const command = (line: string) =>
    runCommand(line.split(' '), {
      cwd: simulated.service.folder,
      env: { TEST_OPENAI_KEY: 'sk-test-openai-0123456789', TEST_ANTHROPIC_KEY: 'sk-ant-test-0123456789', ...env },
    })

  it('takes one soon after its start, says so in log and metric, and serves meanwhile', async () => {
    const { service } = simulated
    const answer = await post(service.url, '/v1/chat/completions', chatBody('openai/echo', 'while a backup is taken'))
    expect(answer.status).toBe(200)
    await eventually(() => service.output().includes('"backup taken"'), 'a backup', 30_000)
    const [line] = logLines(service).filter(({ message }) => message === 'backup taken')
    expect(line).toMatchObject({ level: 'info', generation: 1, to: `s3://${bucket}/prod` })
    const metrics = await metricsOf(service)
    const seconds = Number(/^ai_backup_last_success_timestamp_seconds (\S+)$/m.exec(metrics)?.[1])
    expect(Math.abs(seconds - Date.now() / 1_000)).toBeLessThan(120)
  }, 60_000)

  it('is listed, verified and restored by commands: the same effective configuration comes back', async () => {
    expect(await command('backup now')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^note: keys\.json is left out/),
    })
    const listed = await command('backup list --json')
    expect(JSON.parse(listed.out)).toMatchObject({ ok: true, to: `s3://${bucket}/prod` })
    expect(await command('backup verify')).toMatchObject({ code: 0, err: '' })
    const to = join(folder(), 'restored')
    const restored = await command(`restore --to ${to} --json`)
    expect(JSON.parse(restored.out)).toMatchObject({ ok: true, configuration: 'same', notes: [] })
    expect(readdirSync(to)).toContain('ai-service.yaml')
    for (const { out, err } of [listed, restored])
      for (const secret of [key, s3Credentials.secretAccessKey]) expect(out + err).not.toContain(secret)
  }, 60_000)

  it('says which provider key was in which state, by name and fingerprint', async () => {
    const shown = await command('restore 1 --to never --dry-run --json')
    const { parts } = JSON.parse(shown.out) as { readonly parts: readonly { readonly name: string }[] }
    expect(parts.find(({ name }) => name === 'keys.json')).toMatchObject({ facts: { keys: '2', not_ready: '' } })
    const to = join(folder(), 'restored')
    expect(await command(`restore 1 --to ${to}`)).toMatchObject({ code: 0 })
    const { keys } = JSON.parse(readFileSync(join(to, 'keys.json'), 'utf8')) as { readonly keys: unknown }
    const fingerprint: unknown = expect.stringMatching(/^[0-9a-f]{8}$/)
    expect(keys).toMatchObject([
      { provider: 'openai', state: 'ready', fingerprint },
      { provider: 'anthropic', state: 'ready', fingerprint },
    ])
    expect(JSON.stringify(keys)).not.toContain('0123456789')
  }, 60_000)

  it('refuses the backup of another key', async () => {
    const foreign = { ...env, BACKUP_KEY: randomBytes(32).toString('base64') }
    const { code, err } = await runCommand(['restore', '--to', join(folder(), 'never')], {
      cwd: simulated.service.folder,
      env: { TEST_OPENAI_KEY: 'k'.repeat(20), TEST_ANTHROPIC_KEY: 'l'.repeat(20), ...foreign },
    })
    expect(code).toBe(1)
    expect(err).toMatch(/Generation \d+ at s3:\/\/ai-service-backups\/prod: it is sealed with another key/)
  })
})
