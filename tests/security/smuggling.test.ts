// Requests that two hops may read differently, over raw sockets: refused, and nothing behind them is answered as somebody else's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, post } from '../faults/asking.ts'
import { answersIn, exchangeRaw, openRaw } from '../faults/raw-socket.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'

let simulated: Simulated
beforeAll(async () => {
  simulated = await startSimulated()
})
afterAll(() => simulated.stop())

const chat = chatBody('openai/echo', 'smuggled')
const json = 'content-type: application/json\r\n'
const length = `content-length: ${chat.length}\r\n`
/** Sits behind every doubtful request; its answer is recognisable. */
const second = 'GET /health/live HTTP/1.1\r\nhost: second\r\n\r\n'

function head(lines: string, method = 'POST', target = '/v1/chat/completions'): string {
  return `${method} ${target} HTTP/1.1\r\n${lines}\r\n`
}

/** Fact 3 and the Http11Probe families: name, bytes, statuses that count as refused. */
const doubtful: readonly (readonly [string, string, readonly number[]])[] = [
  ['a duplicate Host', head(`host: a\r\nhost: b\r\n${json}${length}`) + chat, [400]],
  ['the same Host twice', head(`host: a\r\nhost: a\r\n${json}${length}`) + chat, [400]],
  ['no Host', head(`${json}${length}`) + chat, [400]],
  ['an empty Host', head(`host:\r\n${json}${length}`) + chat, [400]],
  ['Host: u@a', head(`host: u@a\r\n${json}${length}`) + chat, [400]],
  ['Host: a/b', head(`host: a/b\r\n${json}${length}`) + chat, [400]],
  ['Host: a,b', head(`host: a,b\r\n${json}${length}`) + chat, [400]],
  ['Host with a blank', head(`host: a b\r\n${json}${length}`) + chat, [400]],
  ['Host with a query', head(`host: a?x=/health/live\r\n${json}${length}`) + chat, [400]],
  ['GET *', head('host: a\r\n', 'GET', '*'), [400]],
  ['OPTIONS *', head('host: a\r\n', 'OPTIONS', '*'), [400]],
  ['an absolute target of another host', head('host: a\r\n', 'GET', 'http://b/health/live'), [400]],
  ['an absolute target with userinfo', head('host: a\r\n', 'GET', 'http://u@a/health/live'), [400]],
  ['an absolute target of another scheme', head('host: a\r\n', 'GET', 'ftp://a/health/live'), [400]],
  ['an authority target', head('host: a\r\n', 'GET', 'a:80'), [400]],
  ['GET with a body', head(`host: a\r\ncontent-length: 4\r\n`, 'GET', '/health/live') + 'abcd', [400]],
  ['GET with chunks', head(`host: a\r\ntransfer-encoding: chunked\r\n`, 'GET', '/health/live') + '0\r\n\r\n', [400]],
  ['TRACE', head('host: a\r\n', 'TRACE', '/health/live'), [400, 405]],
  [
    'a duplicate Authorization',
    head(`host: a\r\nauthorization: Bearer x\r\nauthorization: Bearer y\r\n${json}${length}`) + chat,
    [400],
  ],
  [
    'Upgrade: h2c',
    head(
      'host: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n',
      'GET',
      '/health/live',
    ),
    [400],
  ],
  [
    'Content-Length and Transfer-Encoding',
    head(`host: a\r\n${json}content-length: 4\r\ntransfer-encoding: chunked\r\n`) + '0\r\n\r\n',
    [400],
  ],
  ['a duplicate Content-Length', head(`host: a\r\n${json}${length}content-length: 0\r\n`) + chat, [400]],
  ['Content-Length: +2', head(`host: a\r\n${json}content-length: +2\r\n`) + '{}', [400]],
  ['Content-Length: 2,2', head(`host: a\r\n${json}content-length: 2,2\r\n`) + '{}', [400]],
  ['Content-Length: 0x2', head(`host: a\r\n${json}content-length: 0x2\r\n`) + '{}', [400]],
  ['an empty Transfer-Encoding', head(`host: a\r\n${json}transfer-encoding:\r\n`) + '0\r\n\r\n', [400]],
  ['an unknown Transfer-Encoding', head(`host: a\r\n${json}transfer-encoding: xchunked\r\n`) + '0\r\n\r\n', [400, 501]],
  ['chunked twice', head(`host: a\r\n${json}transfer-encoding: chunked, chunked\r\n`) + '0\r\n\r\n', [400]],
  ['a bare LF behind a header', `POST /v1/chat/completions HTTP/1.1\r\nhost: a\n${json}${length}\r\n${chat}`, [400]],
  ['a folded header', head(`host: a\r\nx-one: b\r\n c\r\n${json}${length}`) + chat, [400]],
  ['a blank before the colon', head(`host: a\r\ncontent-length : 2\r\n${json}`) + '{}', [400]],
  ['a NUL in a header', head(`host: a\r\nx-one: b\0c\r\n${json}${length}`) + chat, [400]],
  ['a NUL in the target', head(`host: a\r\n`, 'GET', '/health/\0live'), [400]],
  ['letters beyond ASCII in the target', head(`host: a\r\n`, 'GET', '/health/l\u00efve'), [400, 404]],
  ['a fragment in the target', head('host: a\r\n', 'GET', '/health/live#x'), [400, 404]],
  ['a backslash in the target', head('host: a\r\n', 'GET', '/health\\live'), [400, 404]],
  [
    'a chunk size with a sign',
    head(`host: a\r\n${json}transfer-encoding: chunked\r\n`) + '+2\r\n{}\r\n0\r\n\r\n',
    [400],
  ],
  [
    'a chunk extension that is empty',
    head(`host: a\r\n${json}transfer-encoding: chunked\r\n`) + '2;\r\n{}\r\n0\r\n\r\n',
    [400],
  ],
  [
    'a chunk that ends with a bare LF',
    head(`host: a\r\n${json}transfer-encoding: chunked\r\n`) + '2\n{}\n0\n\n',
    [400],
  ],
  ['HTTP/2.0 in the request line', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 505]],
  ['HTTP/1.2', `GET /health/live HTTP/1.2\r\nhost: a\r\n\r\n`, [400, 505]],
  ['HTTP/0.9', 'GET /health/live\r\n\r\n', [400]],
  ['a header of 17 KB', head(`host: a\r\nx-long: ${'a'.repeat(17 * 1_024)}\r\n${json}${length}`) + chat, [431]],
  [
    '3000 headers',
    head(`host: a\r\n${Array.from({ length: 3_000 }, (_, at) => `x${at}: 1\r\n`).join('')}${json}${length}`) + chat,
    [431],
  ],
  ['CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: a\r\n\r\n', []],
]

describe('T24 requests with two readings', () => {
  test.each(doubtful)('T24 %s is refused, and a request behind it is not answered', async (_name, bytes, statuses) => {
    const before = simulated.openai.requests.length
    const answers = await exchangeRaw(simulated.service.url, Buffer.from(bytes + second, 'latin1'))
    if (statuses.length === 0) expect(answers).toEqual([])
    else {
      expect(answers).toHaveLength(1)
      expect(statuses).toContain(answers[0]?.status)
      expect(answers[0]?.headers['connection']).toBe('close')
      expect(answers[0]?.body).toMatch(/"code":"caller_\w+"/)
    }
    expect(simulated.openai.requests.length).toBe(before)
    expect((await fetch(`${simulated.service.url}/health/live`)).status).toBe(200)
  })

  test('T24 an absolute target of the same host is one reading, and served', async () => {
    const { host } = new URL(simulated.service.url)
    const answers = await exchangeRaw(
      simulated.service.url,
      `GET http://${host}/health/live HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
    )
    expect(answers.map(({ status }) => status)).toEqual([200])
  })

  test('T24 the same credential in two places is one credential, two different ones are none', async () => {
    const same = await post(simulated.service.url, '/v1/chat/completions', chat, {
      authorization: 'Bearer one',
      'x-api-key': 'one',
    })
    expect(same.status).toBe(200)
    const different = await post(simulated.service.url, '/v1/chat/completions', chat, {
      authorization: 'Bearer one',
      'x-api-key': 'two',
    })
    expect([different.status, different.error.code]).toEqual([400, 'caller_credential_conflict'])
    expect(different.headers.get('connection')).toBe('close')
  })
})

describe('T10 pipelining', () => {
  test('T10 pipelined requests are answered in their order, each with its own answer', async () => {
    const connection = await openRaw(simulated.service.url)
    const asked = Array.from({ length: 20 }, (_, at) => chatBody('openai/echo', `mark${at}end`))
    simulated.openai.enqueue({ kind: 'delay', ms: 200 })
    connection.write(asked.map((body) => head(`host: a\r\n${json}content-length: ${body.length}\r\n`) + body).join(''))
    await connection.until((text) => answersIn(text).length === asked.length, 15_000)
    const answers = answersIn(connection.text())
    connection.destroy()
    for (const [at, answer] of answers.entries()) expect(answer.body).toContain(`mark${at}end`)
  })

  test('T24 a malformed request behind one that is under way is not answered in its place', async () => {
    const connection = await openRaw(simulated.service.url)
    simulated.openai.enqueue({ kind: 'delay', ms: 500 })
    connection.write(`${head(`host: a\r\n${json}${length}`)}${chat}GET / HTTP/1.1\r\nbad header\r\n\r\n`)
    await connection.closed(10_000)
    const answers = answersIn(connection.text())
    connection.destroy()
    // Either the first answer, or nothing at all: never the second one's refusal as the answer to the first.
    for (const answer of answers.slice(0, 1)) expect(answer.body).toContain('smuggled')
  })

  test('T24 a malformed request behind a stream writes nothing into the stream', async () => {
    const connection = await openRaw(simulated.service.url)
    simulated.openai.enqueue({ kind: 'answer', text: 'one two three four five six', intervalMs: 50 })
    const body = chatBody('openai/echo', 'x', { stream: true })
    connection.write(`${head(`host: a\r\n${json}content-length: ${body.length}\r\n`)}${body}`)
    await connection.until((text) => text.includes('one'))
    connection.write('GET / HTTP/1.1\r\nbad header\r\n\r\n')
    await connection.closed(10_000)
    // Its refusal is an answer of its own, behind the last chunk of the one under way.
    const [stream = '', behind = ''] = connection.text().split('\r\n0\r\n\r\n')
    expect(stream).toContain('[DONE]')
    expect(stream).not.toContain('400 Bad Request')
    expect(behind).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    connection.destroy()
  })
})
