// Two configurations in one process: no key, pool, limit, queue or figure of one is seen in the other.
import { PassThrough } from 'node:stream'
import { type Simulator, startSimulator } from 'ai-simulator'
import { expect, onTestFinished, test } from 'vitest'
import { type App, startApp } from '../app.ts'
import { mustLoad } from '../config/load.test.kit.ts'
import { createLog } from '../telemetry/log.ts'
import { openLogDestination } from '../telemetry/log-destination.ts'
import { createRedactor } from '../redaction/redactor.ts'

interface Running {
  readonly app: App
  readonly upstream: Simulator
  readonly key: string
}

async function start(key: string, poolSize: number): Promise<Running> {
  const upstream = await startSimulator()
  const redactor = createRedactor()
  const loaded = await mustLoad(
    `server: { port: 0, metrics: { port: 0 }, admin: { port: 0 }, poolSize: ${poolSize} }
providers: { openai: { baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:KEY } ], queue: { max: 50 } } }
limits: [ { for: global, requests: 20/10m } ]
`,
    { env: { KEY: key } },
  )
  const printer = openLogDestination(new PassThrough().resume())
  const app = await startApp({
    loaded,
    log: createLog({ level: 'info', destination: printer, redactor }),
    printer,
    redactor,
    runtime: process,
    memoryLimitBytes: 1024 ** 3,
    version: 'test',
  })
  onTestFinished(async () => {
    await app.close()
    await upstream.close()
  })
  return { app, upstream, key }
}

function ask({ app }: Running): Promise<Response> {
  return fetch(`${app.dataUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'openai/echo', messages: [{ role: 'user', content: 'ping' }] }),
  })
}

test('two configurations in one process share nothing', async () => {
  const [first, second] = [await start('sk-first-0123456789', 1), await start('sk-second-0123456789', 4)]
  for (const { upstream } of [first, second]) upstream.setDefault({ kind: 'answer', firstByteMs: 15 })
  const answers = await Promise.all([first, second].flatMap((one) => Array.from({ length: 10 }, () => ask(one))))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  for (const [{ upstream, key }, sockets] of [
    [first, 1],
    [second, 4],
  ] as const) {
    expect(new Set(upstream.requests.map(({ headers }) => headers['authorization']))).toEqual(
      new Set([`Bearer ${key}`]),
    )
    expect(upstream.totalConnections()).toBe(sockets)
  }
  // A key that is quarantined and a limit that is used up here are neither there.
  first.upstream.setDefault({ kind: 'status', status: 401 })
  expect((await ask(first)).status).toBe(502)
  const further = await Promise.all(Array.from({ length: 10 }, () => ask(first)))
  expect(further.filter(({ status }) => status === 429)).toHaveLength(1)
  expect((await ask(second)).status).toBe(200)
})

test('one that is closed leaves the other serving', async () => {
  const [first, second] = [await start('sk-first-0123456789', 1), await start('sk-second-0123456789', 1)]
  await first.app.close()
  expect((await ask(second)).status).toBe(200)
  await expect(ask(first)).rejects.toThrow()
})
