// An instance whose providers and stores fail in every way: each provider has a fault of its own.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Behaviour, startSimulator } from 'ai-simulator'
import { chatBody, paths, post } from '../../faults/asking.ts'
import { freePort, startService } from '../../kit/service.ts'
import { backUpOnce, Loops, type Part, targetOf } from './part.ts'

const quota = { error: { message: 'no quota left', type: 'insufficient_quota', code: 'insufficient_quota' } }

/** What each provider does. */
const behaviours = {
  broken: { kind: 'status', status: 500 },
  slow: { kind: 'answer', text: 'at last', firstByteMs: 3_000 },
  refusing: { kind: 'status', status: 401 },
  spent: { kind: 'status', status: 429, body: quota },
  vanishing: { kind: 'answer', text: 'still here' },
} as const satisfies Record<string, Behaviour>

type Provider = keyof typeof behaviours

export async function startFailing(): Promise<Part> {
  const folder = mkdtempSync(join(tmpdir(), 'failing-'))
  writeFileSync(join(folder, 'vanishing.key'), 'sk-vanishing-0123456789')
  const names = Object.keys(behaviours).filter((name): name is Provider => name in behaviours)
  const simulators = await Promise.all(names.map(async (name) => ({ name, simulator: await startSimulator() })))
  for (const { name, simulator } of simulators) simulator.setDefault(behaviours[name])
  const env = { KEY: 'sk-some-0123456789', BACKUP_KEY: randomBytes(32).toString('base64') }
  const kept = `stores: { database: "sqlite:${folder}/data.db", shared: "redis://127.0.0.1:${await freePort()}" }
backup: { enabled: true, interval: 1m, to: "file:${folder}/backups", encrypt: env:BACKUP_KEY }
`
  await backUpOnce(folder, kept, env)
  // From now on there is a file where the backups' folder was.
  rmSync(join(folder, 'backups'), { recursive: true })
  writeFileSync(join(folder, 'backups'), 'no folder any more')
  const providers = simulators.map(
    ({ name, simulator }) =>
      `  ${name}: { kind: openai-compatible, baseUrl: "${simulator.url}/v1", private: true, poolSize: 1, keys: [ ${keyOf(name, folder)} ] }`,
  )
  const service = await startService({
    server: '  maxRetries: 0',
    yaml: `providers:
${providers.join('\n')}
models: { production: { endpoints: [ { name: only, provider: broken, model: echo } ] } }
secrets: { files: { poll: 200ms, maxAge: 1s } }
cache: { enabled: true }
${kept}`,
    env,
  })
  rmSync(join(folder, 'vanishing.key'))
  const loops = new Loops()
  const ask =
    (model: string, more = {}) =>
    (turn: number) =>
      post(service.url, paths.openai, chatBody(model, `question ${turn}`, more))
  return {
    target: targetOf('failing', service),
    begin() {
      for (const model of ['broken/echo', 'production', 'refusing/echo', 'spent/echo', 'vanishing/echo'])
        loops.every(300, ask(model))
      // More at once than the pool has connections.
      for (let index = 0; index < 3; index++)
        loops.every(10, ask('slow/echo', { stream: index > 0, user: String(index) }))
    },
    async stop() {
      await Promise.all([loops.stop(), service.stop()])
      await Promise.all(simulators.map(({ simulator }) => simulator.close()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function keyOf(name: Provider, folder: string): string {
  return name === 'vanishing' ? `{ secret: "file:${folder}/vanishing.key" }` : '{ secret: env:KEY }'
}
