// A file that never answers, as on a mount that hangs: neither a reload that waits for it nor its thread holds the exit.
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../faults/asking.ts'
import { replaceConfig } from '../kit/live-config.ts'
import { startService } from '../kit/service.ts'

const yaml = 'providers: { simulator: {} }\nauth: { mode: none }\nstores: { database: "sqlite:./a.db" }\n'

test('a reload that waits for a file that does not answer does not hold the exit, and nothing queued is lost', async () => {
  const service = await startService({ yaml, env: { BACKUP_KEY: Buffer.alloc(32, 7).toString('base64') } })
  const writers: number[] = []
  onTestFinished(() => {
    for (const writer of writers) closeSync(writer)
  })
  const state = join(service.folder, 'backup-state.json')
  execFileSync('mkfifo', [state])
  replaceConfig(service, `${yaml}backup: { enabled: true, to: "file:./backups", encrypt: env:BACKUP_KEY }\n`)
  await eventually(() => isRead(state, writers), 'a thread that waits for the pipe')
  service.signal('SIGTERM')
  await service.exited
  expect(service.output()).toContain('a reload does not come to its end; it is given up')
  expect(service.output()).toMatch(/"message":"stopped"/)
  await service.stop()
}, 60_000)

/** A pipe that is opened for writing has a reader, and one that is not given up keeps that reader waiting. */
function isRead(path: string, writers: number[]): boolean {
  try {
    writers.push(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
    return true
  } catch {
    return false
  }
}
