// What configurations leave behind that were served and replaced: nothing on the heap, no timer, no socket, no part.
import { PassThrough } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { type Simulator, startSimulator } from 'ai-simulator'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type App, startApp } from '../app.ts'
import { folderWith, NOW_MS } from '../config/load.test.kit.ts'
import { loadConfig, type LoadResult } from '../config/load.ts'
import { createLog } from '../telemetry/log.ts'
import { openLogDestination } from '../telemetry/log-destination.ts'
import { createRedactor } from '../redaction/redactor.ts'

const mebibyte = 1024 * 1024

/** No two are the same, and names come again: each new one has series of its own, which stay. */
function yamlOf(upstream: Simulator, turn: number): string {
  const endpoints = `[ { provider: steady, model: echo }, { provider: turn-${turn % 2}, model: echo } ]`
  const aliases = Array.from({ length: 100 }, (_, alias) => `  alias-${alias}: { endpoints: ${endpoints} }\n`)
  const provider = (name: string): string =>
    `  ${name}: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: file:key } ] }\n`
  return `server: { port: 0, metrics: { port: 0 }, admin: { port: 0 } }
reload: { interval: 0s }
providers:\n${provider('steady')}${provider(`turn-${turn % 2}`)}
models:\n  probed: { endpoints: ${endpoints}, health: { interval: 60s, probe: models } }\n${aliases.join('')}
cache: { enabled: true }
limits: [ { for: global, requests: ${1_000 + turn}/1s } ]
`
}

async function start(upstream: Simulator) {
  const folder = folderWith({ key: 'sk-turning-0123456789', 'ai-service.yaml': yamlOf(upstream, 0) })
  const load = (): Promise<LoadResult> =>
    loadConfig({ env: {}, cwd: folder, specs: providerSpecs, nowMs: NOW_MS, secretsFolder: join(folder, 'secrets') })
  const first = await load()
  if (first.kind === 'invalid') throw new Error('The configuration is not valid.')
  const redactor = createRedactor()
  const printer = openLogDestination(new PassThrough().resume())
  const log = createLog({ level: 'info', destination: printer, redactor })
  const parts = { loaded: first.loaded, load, log, printer, redactor, runtime: process, version: 'test' }
  const app = await startApp({ ...parts, memoryLimitBytes: 1024 ** 3 })
  onTestFinished(() => app.close())
  const turnTo = async (turn: number): Promise<void> => {
    writeFileSync(join(folder, 'ai-service.yaml'), yamlOf(upstream, turn))
    await app.reload()
    await ask(app, turn)
  }
  return { app, turnTo }
}

async function ask(app: App, turn: number): Promise<void> {
  const response = await fetch(`${app.dataUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: `turn-${turn % 2}/echo`, messages: [{ role: 'user', content: 'ping' }] }),
  })
  expect(response.status, await response.text()).toBe(200)
}

/** After a full collection. */
async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  for (let round = 0; round < 3; round++) {
    if (typeof collect === 'function') collect()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().heapUsed
}

const resources = (): number => process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate').length

test('F43 a hundred configurations leave nothing on the heap, no timer and no socket', async () => {
  const upstream = await startSimulator({ record: false })
  onTestFinished(() => upstream.close())
  const { turnTo } = await start(upstream)
  for (let turn = 1; turn <= 30; turn++) await turnTo(turn)
  const before = { heap: await heapBytes(), resources: resources(), sockets: upstream.openSockets() }
  for (let turn = 31; turn <= 130; turn++) await turnTo(turn)
  const after = { heap: await heapBytes(), resources: resources(), sockets: upstream.openSockets() }
  expect((after.heap - before.heap) / mebibyte).toBeLessThan(2)
  expect(after.resources).toBeLessThanOrEqual(before.resources + 3)
  expect(after.sockets).toBeLessThanOrEqual(before.sockets + 1)
}, 120_000)
