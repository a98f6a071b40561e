// An instance that is well and has everything switched on: its traffic gives every series a value, and fires no alert.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Simulator, startSimulator } from 'ai-simulator'
import { chatBody, paths, post } from '../../faults/asking.ts'
import { replaceConfig } from '../../kit/live-config.ts'
import { startOtlpReceiver } from '../../kit/otlp-receiver.ts'
import { type RunningService, startService } from '../../kit/service.ts'
import { startValkey } from '../../kit/valkey.ts'
import { backUpOnce, Loops, type Part, targetOf } from './part.ts'

const callers = {
  one: 'caller-one-0123456789-0123456789-0123456789',
  two: 'caller-two-0123456789-0123456789-0123456789',
}
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const usage = { inputTokens: 400, cacheReadTokens: 200, outputTokens: 100, reasoningTokens: 50 }

export async function startHealthy(): Promise<Part> {
  const folder = mkdtempSync(join(tmpdir(), 'healthy-'))
  const rotate = (turn: number): void => writeFileSync(join(folder, 'spare.key'), `sk-spare-${turn}-0123456789`)
  rotate(0)
  const [openai, anthropic, valkey, receiver] = await Promise.all([
    startSimulator(),
    startSimulator(),
    startValkey(),
    startOtlpReceiver(),
  ])
  for (const each of [openai, anthropic])
    each.setDefault({ kind: 'answer', text: 'a few words', firstByteMs: 20, intervalMs: 3, usage })
  const env = {
    MAIN_KEY: 'sk-main-0123456789',
    CALLER_ONE: callers.one,
    CALLER_TWO: callers.two,
    BACKUP_KEY: randomBytes(32).toString('base64'),
  }
  const traces = `telemetry: { traces: { otlp: "${receiver.url}" } }\n`
  const yaml = `${configuration(openai.url, anthropic.url, valkey.url, folder)}${traces}`
  await backUpOnce(folder, yaml, env)
  const service = await startService({ yaml, env })
  const loops = new Loops()
  return {
    target: targetOf('healthy', service),
    begin() {
      loops.every(200, (turn) => talk(service, openai, turn))
      loops.every(1_500, async (turn) => rotate(turn + 1))
      // Another configuration now and then, as good as the one before.
      loops.every(3_000, async (turn) => replaceConfig(service, yaml.replace('ttl: 10m', `ttl: ${11 + turn}m`)))
    },
    async stop() {
      await loops.stop()
      await service.stop()
      await Promise.all([openai.close(), anthropic.close(), valkey.stop(), receiver.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(openai: string, anthropic: string, valkey: string, folder: string): string {
  return `
providers:
  openai:
    baseUrl: ${openai}/v1
    private: true
    keys: [ { name: main, secret: env:MAIN_KEY }, { name: spare, secret: "file:${folder}/spare.key" } ]
  anthropic: { baseUrl: "${anthropic}", private: true, keys: [ { secret: env:MAIN_KEY } ] }
models:
  production:
    endpoints:
      - { name: east, provider: openai, model: gpt-4o }
      - { name: west, provider: anthropic, model: claude-sonnet-4-5 }
secrets: { files: { poll: 200ms } }
auth:
  mode: keys
  keys:
    - { id: one, secret: env:CALLER_ONE, team: search }
    - { id: two, secret: env:CALLER_TWO, team: ads }
limits: [ { for: key, concurrent: 2 } ]
cache: { enabled: true, ttl: 10m }
stores: { database: "sqlite:${folder}/data.db", shared: "${valkey}" }
backup: { enabled: true, interval: 24h, to: "file:${folder}/backups", encrypt: env:BACKUP_KEY }
`
}

/** One round: whole and streamed, cached, translated with a loss, refused by a limit, wrong, and saved by another endpoint. */
async function talk({ url }: RunningService, openai: Simulator, turn: number): Promise<void> {
  const ask = (key: string, body: string) => post(url, paths.openai, body, bearer(key))
  await ask(callers.one, chatBody('openai/gpt-4o', `new ${turn}`))
  await ask(callers.one, chatBody('openai/gpt-4o', 'always the same'))
  await ask(callers.one, chatBody('openai/gpt-4o', `stream ${turn}`, { stream: true }))
  await ask(callers.one, chatBody('anthropic/claude-sonnet-4-5', `other ${turn}`, { seed: 7, logit_bias: { 1: 1 } }))
  await ask(callers.one, chatBody('anthropic/claude-sonnet-4-5', `other stream ${turn}`, { stream: true }))
  await ask(callers.one, chatBody('no-such-model'))
  // One in five attempts: too few for a breaker.
  openai.enqueue({ kind: 'status', status: 500 })
  for (let index = 0; index < 4; index++) await ask(callers.one, chatBody('production', `saved ${turn} ${index}`))
  const tooMany = [0, 1, 2].map((index) => ask(callers.two, chatBody('openai/gpt-4o', `at once ${turn} ${index}`)))
  await Promise.all(tooMany)
}
