// The page's walk-through after a lost machine, run as it stands: only where things lie is put in place of its paths.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatBody, post } from '../faults/asking.ts'
import { runCommand } from '../kit/command.ts'
import { startService } from '../kit/service.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/how-to/backup.md'), 'utf8')
const bin = join(root, 'packages/ai-service/bin/ai-service.js')
const env = { AI_SERVICE_BACKUP_KEY: randomBytes(32).toString('base64'), OPENAI_API_KEY: 'sk-of-the-recovery-test' }

let place = ''
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'ai-service-recovery-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** The shell blocks between the mark and the next heading. */
function walkThrough(): string {
  const [, after = ''] = page.split('<!-- Run by tests/backup/recovery.test.ts')
  const section = after.split('\n## ')[0] ?? ''
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code]) => code).join('\n')
}

function bash(script: string, cwd: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const shim = `set -e\nai-service() { '${process.execPath}' '${bin}' "$@"; }\n`
  const child = spawn('bash', ['-c', shim + script], { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })))
}

test('F48 a lost machine comes back by the page alone', async () => {
  const next = join(place, 'next')
  mkdirSync(next)
  mkdirSync(join(place, 'mnt'))
  const old = await startService({
    yaml: [
      'providers: { openai: {}, simulator: {} }',
      'models: { fast: { endpoints: [ { provider: openai, model: gpt-4o-mini } ] } }',
      `backup: { to: "file:${place}/mnt", encrypt: env:AI_SERVICE_BACKUP_KEY }`,
    ].join('\n'),
    env,
  })
  expect((await post(old.url, '/v1/chat/completions', chatBody('simulator/echo'))).status).toBe(200)
  const yaml = readFileSync(join(old.folder, 'ai-service.yaml'), 'utf8')
  expect(await runCommand(['backup', 'now'], { cwd: old.folder, env })).toMatchObject({ code: 0 })
  // Its folder goes with it.
  await old.stop()

  const script = walkThrough().replaceAll('/mnt/backups', `${place}/mnt`).replaceAll('/srv/ai-service', `${place}/srv`)
  expect(script.split('\n').filter((line) => line.startsWith('ai-service '))).toHaveLength(6)
  const { code, said } = await bash(script, next)
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('generation 1  verified') })
  expect(said).toContain('would be restored (nothing was written)')
  expect(said).toContain('The configuration comes to the same version as when it was backed up.')
  expect(said).toContain('# The configuration is valid.')
  expect(said).toContain('The audit trail is whole')
  expect(readFileSync(join(place, 'srv', 'ai-service.yaml'), 'utf8')).toBe(yaml)
  expect(existsSync(join(next, 'data'))).toBe(false)
}, 60_000)
