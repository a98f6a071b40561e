// Too much for the process: memory near its limit, an event loop that stands still, no descriptors left. Nothing is lost that was under way.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Simulator, startSimulator } from 'ai-simulator'
import { freePort, type RunningService, startService } from '../kit/service.ts'
import { chatBody, eventually, logLines, looksComplete, paths, post, type Told } from './asking.ts'
import { openRaw, type RawConnection } from './raw-socket.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const mib = 1024 * 1024

let simulator: Simulator
let service: RunningService | undefined
beforeEach(async () => {
  simulator = await startSimulator()
})
afterEach(async () => {
  await service?.stop()
  service = undefined
  await simulator.close()
})

const provider = (more = ''): string =>
  `providers:\n  openai: { baseUrl: "${simulator.url}/v1", private: true, poolSize: 600, keys: [ { secret: env:KEY } ]${more} }\n`
const env = { KEY: 'sk-overload-0123456789' }

async function figure(url: string, name: string): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text.split('\n').find((line) => line.startsWith(name))
}

test('F31 near its memory limit requests get 503 with retry-after, health routes answer, and what is held is served', async () => {
  const upstream = await startHolding()
  service = await startService({
    yaml: `providers:\n  openai: { baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:KEY } ] }\n`,
    server: '  overload: { memoryLimit: 170MiB, loopDelay: 1h }\n',
    env,
  })
  const { url, metricsUrl } = service
  const held: Promise<Told>[] = []
  let refused: Told | undefined
  const large = chatBody('openai/echo', 'x'.repeat(6 * mib))
  for (let sent = 0; sent < 60 && refused === undefined; sent += 1) {
    const asked = post(url, paths.openai, large)
    // Refused at once, or held for long: whichever it is shows before the next one is sent.
    const went = eventually(() => upstream.held() > held.length, 'it went out', 30_000)
    refused = (await Promise.race([asked, went.catch(() => undefined)])) ?? undefined
    if (refused === undefined) held.push(asked)
    await sleep(150)
  }
  expect([refused?.status, refused?.error.code, refused?.headers.get('retry-after')]).toEqual([
    503,
    'service_overloaded',
    '1',
  ])
  expect(refused?.headers.get('connection')).toBe('close')
  for (const route of ['live', 'ready']) expect((await fetch(`${url}/health/${route}`)).status).toBe(200)
  expect(await figure(metricsUrl, 'ai_overload_refusing{cause="memory"}')).toMatch(/ [01]$/)
  const { output } = service
  await eventually(() => output().includes('overloaded: requests are refused'), 'the report on the log')
  expect(logLines(service).find((line) => line['message'] === 'overloaded: requests are refused')).toMatchObject({
    cause: 'memory',
  })
  upstream.release()
  const answers = await Promise.all(held)
  expect(answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([])
  await eventually(
    async () => (await post(url, paths.openai, chatBody('openai/echo'))).status === 200,
    'service as ever',
    60_000,
  )
}, 180_000)

/** Takes requests whole, and answers none until it is let go. */
async function startHolding() {
  const waiting = new Set<ServerResponse>()
  let isHolding = true
  const answer = (response: ServerResponse): void => {
    const message = { role: 'assistant', content: 'done' }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }))
  }
  const server = createServer((request, response) => {
    request.resume().once('end', () => (isHolding ? waiting.add(response) : answer(response)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    held: () => waiting.size,
    release(): void {
      isHolding = false
      for (const response of waiting) answer(response)
    },
  }
}

async function openStream(url: string): Promise<RawConnection> {
  const raw = await openRaw(url)
  const body = chatBody('openai/echo', 'a b c d e f g h i j k l m n o p', { stream: true })
  raw.write(
    `POST ${paths.openai} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  return raw
}

// A stopped process is a blocked loop to everybody, its own timers included: when it goes on, all are due at once.
test('F32 a loop that stood still times nobody out whose answer is there, is told, and requests are refused for a moment only', async () => {
  const running = await startService({
    yaml: provider(', timeouts: { head: 3s, firstToken: 3s, idle: 3s, total: 3s }'),
    server: '  maxRetries: 0\n',
    env,
  })
  service = running
  const { url, pid } = running
  simulator.setDefault({ kind: 'answer', intervalMs: 100 })
  const streams = await Promise.all(Array.from({ length: 10 }, () => openStream(url)))
  await Promise.all(streams.map((stream) => stream.until((text) => text.includes('data:'), 20_000)))
  simulator.setDefault({ kind: 'answer', firstByteMs: 300 })
  const before = simulator.requests.length
  const whole = Array.from({ length: 10 }, () => post(url, paths.openai, chatBody('openai/echo')))
  const late = await Promise.all(Array.from({ length: 10 }, () => openStream(url)))
  await eventually(() => simulator.requests.length === before + 20, 'all are under way', 20_000)
  process.kill(pid, 'SIGSTOP')
  await sleep(6_500)
  process.kill(pid, 'SIGCONT')
  expect((await Promise.all(whole)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
  await Promise.all([...streams, ...late].map((stream) => stream.until(looksComplete, 20_000)))
  const lines = (): readonly Record<string, unknown>[] => logLines(running)
  await eventually(
    () => lines().some((line) => line['message'] === 'overloaded: requests are refused' && line['cause'] === 'loop'),
    'the report',
    30_000,
  )
  await eventually(() => lines().some((line) => line['message'] === 'no longer overloaded'), 'its end')
  expect((await post(url, paths.openai, chatBody('openai/echo'))).status).toBe(200)
  const outcomes = (): readonly unknown[] =>
    lines().flatMap((line) => (line['message'] === 'request' ? [line['outcome']] : []))
  await eventually(() => outcomes().length === 31, 'all on the log')
  expect(new Set(outcomes())).toEqual(new Set(['completed']))
  for (const stream of [...streams, ...late]) stream.destroy()
}, 90_000)

test('F35 without descriptors left it accepts no more, does not end, and serves again once some are free', async () => {
  if (process.platform !== 'linux') return
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-test-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  writeFileSync(
    join(folder, 'ai-service.yaml'),
    `server: { port: ${port}, metrics: { port: 0 }, admin: { port: 0 }, drainDelay: 0s }\n${provider()}`,
  )
  const child = spawn('sh', ['-c', `ulimit -n 128 && exec "${process.execPath}" "${bin}"`], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: 'ignore',
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const sockets: Socket[] = []
  try {
    const isUp = (): Promise<boolean> =>
      fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) }).then(
        ({ ok }) => ok,
        () => false,
      )
    await eventually(isUp, 'a start', 30_000)
    for (let opened = 0; opened < 300; opened += 1)
      sockets.push(connect(port, '127.0.0.1').on('error', () => undefined))
    await eventually(async () => !(await isUp()), 'no descriptor is left', 30_000)
    // Long enough for whatever looks at something now and then to have looked.
    await sleep(1_000)
    expect(child.exitCode).toBeNull()
    for (const socket of sockets) socket.destroy()
    await eventually(
      async () => (await isUp()) && (await post(url, paths.openai, chatBody('openai/echo'))).status === 200,
      'service as ever',
      60_000,
    )
  } finally {
    for (const socket of sockets) socket.destroy()
    child.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
}, 150_000)
