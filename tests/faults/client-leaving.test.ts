// Clients that leave or do not read: the upstream is let go within a second, memory stays, log and metric say 499.
import { request as httpRequest } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { chatBody, type DialectName, eventually, logLines, metricsOf, paths, post, residentBytes } from './asking.ts'
import { openRaw, type RawConnection } from './raw-socket.ts'

const MiB = 1_024 * 1_024
let simulated: Simulated
beforeEach(async () => {
  simulated = await startSimulated({ server: '  timeouts: { writeStall: 1s, ping: 200ms }\n' })
})
afterEach(() => simulated.stop())

function head(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

async function asking(
  dialect: DialectName,
  more: Readonly<Record<string, unknown>>,
  model = 'echo',
): Promise<RawConnection> {
  const connection = await openRaw(simulated.service.url)
  connection.write(head(paths[dialect], chatBody(`${dialect}/${model}`, 'a b c d e f g h i j k l m n o p', more)))
  return connection
}

/** The upstream connection went within a second of the client's; log and metric say so. */
async function expectLetGo(dialect: DialectName, leftAtMs: number): Promise<void> {
  const request = (): { readonly abortedAtMs: number | undefined } | undefined => simulated[dialect].requests.at(-1)
  await eventually(() => request()?.abortedAtMs !== undefined, 'the upstream saw its client leave')
  expect((request()?.abortedAtMs ?? Infinity) - leftAtMs).toBeLessThan(1_000)
  expect(simulated[dialect].requests).toHaveLength(1)
  await expectLogged()
}

async function expectLogged(): Promise<void> {
  await eventually(
    () => logLines(simulated.service).some((line) => line['status'] === 499 && line['outcome'] === 'cancelled'),
    'a log line with 499',
  )
  expect(await metricsOf(simulated.service)).toMatch(/ai_requests_total\{[^}]*status="499"[^}]*\} 1/)
  expect((await post(simulated.service.url, paths.openai, chatBody('openai/echo'))).status).toBe(200)
}

describe.each(['openai', 'anthropic'] as const)('F36 a client of %s that leaves', (dialect) => {
  test('F36 B8 before the answer’s head, unary', async () => {
    simulated[dialect].enqueue({ kind: 'delay', ms: 60_000 })
    const connection = await asking(dialect, {})
    await eventually(() => simulated[dialect].requests.length === 1, 'the upstream is asked')
    const leftAtMs = Date.now()
    connection.destroy()
    await expectLetGo(dialect, leftAtMs)
  })

  test('F36 B8 before the first byte of a stream', async () => {
    simulated[dialect].enqueue({ kind: 'answer', firstByteMs: 60_000 })
    const connection = await asking(dialect, { stream: true })
    await eventually(() => simulated[dialect].requests.length === 1, 'the upstream is asked')
    const leftAtMs = Date.now()
    connection.destroy()
    await expectLetGo(dialect, leftAtMs)
  })

  test('F36 B8 while the head is held back', async () => {
    simulated[dialect].enqueue({ kind: 'half-open', afterEvents: 1 })
    const connection = await asking(dialect, { stream: true })
    await eventually(() => simulated[dialect].requests.length === 1, 'the upstream is asked')
    await new Promise((resolve) => setTimeout(resolve, 200))
    const leftAtMs = Date.now()
    connection.destroy()
    await expectLetGo(dialect, leftAtMs)
  })

  test('F36 B8 in the middle of a stream', async () => {
    simulated[dialect].enqueue({ kind: 'answer', intervalMs: 200 })
    const connection = await asking(dialect, { stream: true })
    await connection.until((text) => text.includes('data:'))
    const leftAtMs = Date.now()
    connection.destroy()
    await expectLetGo(dialect, leftAtMs)
  })

  test('F36 B8 in the middle of a silent stream', async () => {
    simulated[dialect].enqueue({ kind: 'half-open', afterEvents: 5 })
    const connection = await asking(dialect, { stream: true })
    await connection.until((text) => text.includes('data:'))
    const leftAtMs = Date.now()
    connection.destroy()
    await expectLetGo(dialect, leftAtMs)
  })

  test('F36 B8 by half-closing politely, it has not left: the answer comes', async () => {
    simulated[dialect].enqueue({ kind: 'answer', firstByteMs: 300, text: 'for the patient' })
    const connection = await asking(dialect, {})
    connection.socket.end()
    await connection
      .until((text) => text.includes('for the patient') || text.includes('HTTP/1.1'), 5_000)
      .catch(() => '')
    // Node's server answers a half-closed client; a proxy in front may do either. What counts: nothing hangs.
    await eventually(
      () => logLines(simulated.service).some((line) => line['message'] === 'request'),
      'a settled exchange',
    )
  })
})

test('F36 between retries: no further attempt is made', async () => {
  simulated.openai.setDefault({ kind: 'status', status: 503, headers: { 'retry-after': '3' } })
  const connection = await asking('openai', {})
  await eventually(() => simulated.openai.requests.length === 1, 'the upstream is asked')
  await new Promise((resolve) => setTimeout(resolve, 100))
  connection.destroy()
  await expectLoggedOnly()
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  expect(simulated.openai.requests).toHaveLength(1)
})

async function expectLoggedOnly(): Promise<void> {
  await eventually(() => logLines(simulated.service).some((line) => line['status'] === 499), 'a log line with 499')
}

test('F36 before the body is whole: nothing is sent upstream', async () => {
  const connection = await openRaw(simulated.service.url)
  connection.write(
    `POST ${paths.openai} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"model":`,
  )
  await new Promise((resolve) => setTimeout(resolve, 100))
  connection.destroy()
  await expectLoggedOnly()
  expect(simulated.openai.requests).toHaveLength(0)
})

describe('T26 F37 clients that do not read', () => {
  test('T26 a large stream is paused upstream, memory stays, and after the write stall the client is let go', async () => {
    await post(simulated.service.url, paths.openai, chatBody('openai/echo'))
    const rss = residentBytes(simulated.service)
    const body = chatBody('openai/bench/tokens=200000,size=4096,interval=0', 'x', { stream: true })
    const request = httpRequest(`${simulated.service.url}${paths.openai}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    // The answer's head is taken, its body never.
    request.on('response', (response) => response.pause())
    request.on('error', () => undefined)
    request.end(body)
    let peak = 0
    const look = setInterval(() => {
      peak = Math.max(peak, residentBytes(simulated.service) - rss)
    }, 20)
    await eventually(
      () => logLines(simulated.service).some((line) => line['status'] === 499),
      'the write stall',
      20_000,
    )
    clearInterval(look)
    request.destroy()
    // 800 MB would have come.
    expect(peak).toBeLessThan(96 * MiB)
    await eventually(() => simulated.openai.requests.at(-1)?.aborted === true, 'the upstream is let go')
  })

  test('T25 a whole answer that nobody reads is let go after the write stall', async () => {
    simulated.openai.enqueue({ kind: 'answer', text: 'long '.repeat(4 * MiB) })
    const connection = await asking('openai', {})
    connection.socket.pause()
    let isGone = false
    connection.socket.on('close', () => {
      isGone = true
    })
    await eventually(
      () => logLines(simulated.service).some((line) => line['message'] === 'request'),
      'the answer is written',
      20_000,
    )
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    connection.socket.resume()
    await eventually(() => isGone, 'the connection is gone', 5_000)
    // Cut: less than what was announced.
    const announced = Number(/content-length: (\d+)/i.exec(connection.text())?.[1])
    expect(announced).toBeGreaterThan(16 * MiB)
    expect(connection.text().length).toBeLessThan(announced)
  })

  test('F37 a slow reader that goes on reading gets everything', async () => {
    simulated.openai.enqueue({ kind: 'answer', text: 'slow '.repeat(1_000), chunkSize: 5_000 })
    const connection = await asking('openai', { stream: true })
    const pauses = setInterval(
      () => (connection.socket.isPaused() ? connection.socket.resume() : connection.socket.pause()),
      50,
    )
    await connection.until((text) => text.includes('[DONE]'), 15_000)
    clearInterval(pauses)
  })
})

/** The threat table's own number takes minutes: a tenth of it without LONG. */
const requests = process.env['LONG'] ? 50_000 : 5_000

test('T10 connections of clients that left are not used again, and every answer is its own', async () => {
  let at = 0
  const worker = async (): Promise<void> => {
    while (at < requests) {
      const mark = `canary-${at++}-end`
      const abort = new AbortController()
      const isLeaving = at % 3 === 0
      if (isLeaving) setTimeout(() => abort.abort(), Math.floor((at * 7) % 15))
      const response = await fetch(`${simulated.service.url}${paths.openai}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: chatBody('openai/echo', mark, { stream: at % 2 === 0 }),
        signal: abort.signal,
      }).catch(() => undefined)
      const text = await response?.text().catch(() => undefined)
      if (text === undefined) continue
      const seen = [...text.matchAll(/canary-\d+-end/g)].map(([found]) => found)
      expect(new Set(seen)).toEqual(new Set([mark]))
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}, 600_000)
