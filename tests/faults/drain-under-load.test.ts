// SIGTERM as a load balancer's clients live it: streams, requests that keep coming until it notices, and connections that waited.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Simulator, startSimulator } from 'ai-simulator'
import { type RunningService, startService } from '../kit/service.ts'
import { chatBody, eventually, logLines, looksComplete, paths } from './asking.ts'
import { answersIn, openRaw, type RawConnection } from './raw-socket.ts'

const streamCount = process.env['LONG'] ? 500 : 50
const workerCount = 8

let simulator: Simulator
let service: RunningService
beforeEach(async () => {
  simulator = await startSimulator()
})
afterEach(async () => {
  await service.stop()
  await simulator.close()
})

async function start(drainDelay: string): Promise<void> {
  const yaml = `providers:\n  openai: { baseUrl: "${simulator.url}/v1", private: true, poolSize: 600, keys: [ { secret: env:KEY } ] }\n  claude: { kind: anthropic, baseUrl: "${simulator.url}", private: true, poolSize: 600, keys: [ { secret: env:KEY } ] }\n`
  const server = '  shutdownGrace: 120s\n'
  service = await startService({ yaml, server, drainDelay, env: { KEY: 'sk-drain-0123456789' } })
}

function postBytes(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

async function openStream(index: number): Promise<RawConnection> {
  const [path, model] = index % 2 === 0 ? [paths.openai, 'openai/echo'] : [paths.anthropic, 'claude/echo']
  const raw = await openRaw(service.url)
  raw.write(postBytes(path, chatBody(model, 'a b c d e f g h i j k l m n o p q r s t', { stream: true })))
  return raw
}

interface Unary {
  readonly status: number | undefined
  readonly closes: boolean
  readonly isWhole: boolean
}

/** One request over the agent's kept connections; what goes wrong on the way is its status. */
function ask(agent: Agent): Promise<Unary | string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' }
    const asked = request(`${service.url}${paths.openai}`, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', (error) => resolve(error.message))
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          closes: response.headers.connection === 'close',
          isWhole: text.endsWith('}') || text.endsWith('}\n'),
        }),
      )
    })
    asked.on('error', (error) => resolve(error.message))
    asked.end(chatBody('openai/echo', 'one more'))
  })
}

/** Asks again and again on kept connections until it is told to go elsewhere. */
async function keepAsking(isOver: () => boolean): Promise<(Unary | string)[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const answers: (Unary | string)[] = []
  while (!isOver()) answers.push(await ask(agent))
  agent.destroy()
  return answers
}

async function readiness(): Promise<number> {
  const response = await fetch(`${service.url}/health/ready`, { headers: { connection: 'close' } })
  await response.body?.cancel()
  return response.status
}

describe(`F28 SIGTERM under ${streamCount} streams, with whole answers in between`, () => {
  test('F28 no request fails that comes before the load balancer has noticed, and every stream ends whole', async () => {
    await start('3s')
    simulator.setDefault({ kind: 'answer', intervalMs: 250 })
    const streams = await Promise.all(Array.from({ length: streamCount }, (_, index) => openStream(index)))
    await Promise.all(streams.map((stream) => stream.until((text) => text.includes('data:'), 60_000)))
    simulator.setDefault({ kind: 'answer' })
    let hasNoticed = false
    const workers = Array.from({ length: workerCount }, () => keepAsking(() => hasNoticed))
    await eventually(() => simulator.requests.length > streamCount + workerCount, 'whole answers are under way', 60_000)
    service.signal('SIGTERM')
    await eventually(async () => (await readiness()) === 503, 'red readiness')
    // The balancer goes on for a while with what it believes: endpoints reach it late.
    await sleep(1_000)
    hasNoticed = true
    const answers = (await Promise.all(workers)).flat()
    expect(answers.filter((one) => typeof one === 'string' || one.status !== 200 || !one.isWhole)).toEqual([])
    expect(answers.filter((one) => typeof one === 'object' && one.closes).length).toBeGreaterThan(workerCount)
    await Promise.all(streams.map((stream) => stream.until(looksComplete, 90_000)))
    expect(await service.exited).toBe(0)
    const ended = logLines(service).filter((line) => line['message'] === 'request')
    expect(new Set(ended.map((line) => line['outcome']))).toEqual(new Set(['completed']))
    expect(ended).toHaveLength(streamCount + answers.length)
    expect(logLines(service).find((line) => line['message'] === 'drained')).toMatchObject({ interrupted: 0 })
    for (const stream of streams) stream.destroy()
  }, 180_000)
})

describe('F28 connections that waited for a request', () => {
  test('F28 one that sends as its connection is closed is served whole or sees it close, and is never half done', async () => {
    await start('1200ms')
    const body = chatBody('openai/echo', 'before')
    const kept = await Promise.all(Array.from({ length: 60 }, () => openRaw(service.url)))
    for (const raw of kept) raw.write(postBytes(paths.openai, body))
    await Promise.all(kept.map((raw) => raw.until((text) => answersIn(text).length === 1, 30_000)))
    service.signal('SIGTERM')
    const begunMs = performance.now()
    await eventually(() => service.output().includes('draining'), 'the drain')
    // Spread closely around the moment in which they are closed.
    const sent = await Promise.all(
      kept.map(async (raw, index) => {
        await sleep(Math.max(0, 1_150 + index * 2 - (performance.now() - begunMs)))
        const isOpen = !raw.socket.readableEnded && !raw.socket.destroyed
        if (isOpen) raw.write(postBytes(paths.openai, body))
        return isOpen
      }),
    )
    expect(await service.exited).toBe(0)
    await Promise.all(kept.map((raw) => raw.closed(30_000)))
    const further = kept.map((raw) => answersIn(raw.text()).slice(1))
    expect(further.flat().filter(({ status, headers }) => status !== 200 || headers['connection'] !== 'close')).toEqual(
      [],
    )
    const answered = further.flat().length
    const unanswered = sent.filter(Boolean).length - answered
    // What was not answered was not done either, so that sending it again is safe; and it is counted.
    expect(simulator.requests).toHaveLength(kept.length + answered)
    expect(logLines(service).find((line) => line['message'] === 'drained')).toMatchObject({ crossed: unanswered })
  }, 60_000)
})
