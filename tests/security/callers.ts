// A service with three caller keys that the command line made: one for everything, one for one model, one that has expired.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Simulator, startSimulator } from 'ai-simulator'
import { isRecord } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const ids = ['one', 'two', 'late'] as const

export type CallerId = (typeof ids)[number]

export interface Callers {
  readonly simulator: Simulator
  key(id: CallerId): string
  hash(id: CallerId): string
  bearer(id: CallerId): { readonly authorization: string }
  /** @param more further YAML sections. */
  start(more?: string): Promise<RunningService>
  stop(): Promise<void>
}

export async function createCallers(): Promise<Callers> {
  const simulator = await startSimulator()
  const folder = mkdtempSync(join(tmpdir(), 'callers-'))
  writeFileSync(join(folder, 'ai-service.yaml'), 'auth: { mode: keys }\n')
  const made = new Map(ids.map((id) => [id, createKey(folder, id)]))
  const of = (id: CallerId): CreatedKey => made.get(id) ?? { key: '', hash: '' }
  return {
    simulator,
    key: (id) => of(id).key,
    hash: (id) => of(id).hash,
    bearer: (id) => ({ authorization: `Bearer ${of(id).key}` }),
    start: (more = '') =>
      startService({
        env: { KEY: 'sk-callers-0123456789' },
        yaml: [
          `providers:\n  openai: { baseUrl: "${simulator.url}/v1", private: true, keys: [ { secret: env:KEY } ] }`,
          'auth:\n  mode: keys\n  keys:',
          `    - { id: one, hash: "${of('one').hash}", user: alice, team: red }`,
          `    - { id: two, hash: "${of('two').hash}", user: bob, team: red, models: [ openai/echo ] }`,
          `    - { id: late, hash: "${of('late').hash}", expires: 2020-01-01 }`,
          more,
        ].join('\n'),
      }),
    async stop() {
      await simulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface CreatedKey {
  readonly key: string
  readonly hash: string
}

function createKey(cwd: string, id: CallerId): CreatedKey {
  const env = { PATH: process.env['PATH'] ?? '' }
  const { stdout } = spawnSync(process.execPath, [bin, 'keys', 'create', '--id', id, '--json'], {
    cwd,
    encoding: 'utf8',
    env,
  })
  const created: unknown = JSON.parse(stdout.split('\n')[0] ?? '')
  if (!isRecord(created) || !isRecord(created['entry'])) throw new Error('No key was created.')
  return { key: String(created['key']), hash: String(created['entry']['hash']) }
}
