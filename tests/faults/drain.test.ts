// The way down under load: unready at once, accepting while load balancers notice, finishing, and an honest end where time is over.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Simulator, startSimulator } from 'ai-simulator'
import { freePort, type RunningService, startService } from '../kit/service.ts'
import { chatBody, eventually, logLines, looksComplete, paths, post } from './asking.ts'
import { answersIn, openRaw, type RawConnection } from './raw-socket.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
let simulator: Simulator
let service: RunningService
beforeEach(async () => {
  simulator = await startSimulator()
})
afterEach(async () => {
  await service.stop()
  await simulator.close()
})

async function start(server: string): Promise<void> {
  const yaml = `providers:\n  openai: { baseUrl: "${simulator.url}/v1", private: true, keys: [ { secret: env:KEY } ] }\n  claude: { kind: anthropic, baseUrl: "${simulator.url}", private: true, keys: [ { secret: env:KEY } ] }\n`
  service = await startService({ yaml, server, env: { KEY: 'sk-drain-0123456789' } })
}

async function openStream(path: string, model: string): Promise<RawConnection> {
  const raw = await openRaw(service.url)
  const body = chatBody(model, 'a b c d e f g h i j k l m n o p q r s t', { stream: true })
  raw.write(
    `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  return raw
}

describe('F28 SIGTERM under 50 streams', () => {
  test('F28 all streams finish, and the process ends with 0', async () => {
    await start('  shutdownGrace: 60s\n')
    simulator.setDefault({ kind: 'answer', intervalMs: 60 })
    const streams = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        at % 2 === 0 ? openStream(paths.openai, 'openai/echo') : openStream(paths.anthropic, 'claude/echo'),
      ),
    )
    await Promise.all(streams.map((stream) => stream.until((text) => text.includes('data:'), 15_000)))
    service.signal('SIGTERM')
    await Promise.all(streams.map((stream) => stream.until(looksComplete, 30_000)))
    expect(await service.exited).toBe(0)
    const ended = logLines(service).filter((line) => line['message'] === 'request')
    expect(ended).toHaveLength(50)
    expect(new Set(ended.map((line) => line['outcome']))).toEqual(new Set(['completed']))
    for (const stream of streams) stream.destroy()
  }, 60_000)

  test('F29 when the grace is over, streams get the dialect’s error event, are settled, and the process ends', async () => {
    await start('  shutdownGrace: 700ms\n')
    simulator.setDefault({ kind: 'answer', intervalMs: 2_000 })
    const streams = [await openStream(paths.openai, 'openai/echo'), await openStream(paths.anthropic, 'claude/echo')]
    await Promise.all(streams.map((stream) => stream.until((text) => text.includes('data:'), 15_000)))
    simulator.setDefault({ kind: 'delay', ms: 60_000 })
    const waiting = post(service.url, paths.openai, chatBody('openai/echo'))
    await eventually(() => simulator.requests.length === 3, 'the third is under way')
    service.signal('SIGTERM')
    for (const stream of streams) {
      await stream.until((text) => /service_draining|shutting down/.test(text), 15_000)
      expect(looksComplete(stream.text())).toBe(false)
      expect(await stream.closed()).toBe(true)
    }
    const answer = await waiting
    expect([answer.status, answer.error.code]).toEqual([503, 'service_draining'])
    expect(answer.headers.get('retry-after')).not.toBeNull()
    expect(await service.exited).toBe(0)
    const ended = logLines(service).filter((line) => line['message'] === 'request')
    expect(ended.map((line) => line['code'])).toEqual(['service_draining', 'service_draining', 'service_draining'])
    expect(simulator.requests.every(({ aborted }) => aborted)).toBe(true)
  }, 30_000)

  test('F29 a body that is still being sent when the grace is over is answered too', async () => {
    await start('  shutdownGrace: 500ms\n')
    const connection = await openRaw(service.url)
    connection.write(
      `POST ${paths.openai} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"model":`,
    )
    await new Promise((resolve) => setTimeout(resolve, 200))
    service.signal('SIGTERM')
    expect(await connection.closed(15_000)).toBe(true)
    expect(answersIn(connection.text())[0]?.status).toBe(503)
    expect(await service.exited).toBe(0)
  }, 30_000)

  test('F29 a second SIGTERM ends the wait at once, still with an error event', async () => {
    await start('  shutdownGrace: 600s\n')
    simulator.setDefault({ kind: 'answer', intervalMs: 60_000 })
    const stream = await openStream(paths.openai, 'openai/echo')
    await eventually(() => simulator.requests.length === 1, 'the stream is under way')
    service.signal('SIGTERM')
    await eventually(() => service.output().includes('draining'), 'the drain')
    // At once it is the same signal come twice, as from npm and from whoever signals the whole group.
    service.signal('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(service.output()).not.toContain('cut short')
    const atMs = Date.now()
    service.signal('SIGTERM')
    expect(await service.exited).toBe(0)
    expect(Date.now() - atMs).toBeLessThan(10_000)
    expect(stream.text()).toMatch(/service_draining/)
    stream.destroy()
  }, 30_000)
})

describe('F28 the time in which load balancers notice', () => {
  test('F28 readiness is red at once, liveness green, requests are still taken and asked to connect anew', async () => {
    await start('')
    const folder = mkdtempSync(join(tmpdir(), 'ai-service-drain-'))
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    writeFileSync(
      join(folder, 'drain.yaml'),
      `server: { port: ${port}, metrics: { port: 0 }, drainDelay: 2s }\nproviders:\n  openai: { baseUrl: "${simulator.url}/v1", private: true, keys: [ { secret: env:KEY } ] }\n`,
    )
    const env = { PATH: process.env['PATH'] ?? '', KEY: 'sk-drain-0123456789' }
    const child = spawn(process.execPath, [bin, 'start', '--config', join(folder, 'drain.yaml')], {
      env,
      stdio: 'ignore',
    })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const ready = (): Promise<number> =>
      fetch(`${url}/health/ready`).then(
        ({ status }) => status,
        () => 0,
      )
    await eventually(async () => (await ready()) === 200, 'green readiness', 20_000)
    child.kill('SIGTERM')
    await eventually(async () => (await ready()) === 503, 'red readiness', 2_000)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    const answer = await post(url, paths.openai, chatBody('openai/echo', 'last one'))
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
    expect(await exited).toBe(0)
    await expect(fetch(`${url}/health/live`)).rejects.toThrow()
    rmSync(folder, { recursive: true, force: true })
  }, 40_000)
})
