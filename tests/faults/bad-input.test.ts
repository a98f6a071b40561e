// Bodies, fields, headers, methods and paths that are wrong: a clear error in the client's dialect, and the next request is served.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import {
  chatBody,
  type DialectName,
  eventually,
  isRecord,
  paths,
  post,
  residentBytes,
  type Told,
  told,
} from './asking.ts'
import { answersIn, openRaw } from './raw-socket.ts'

const MiB = 1_024 * 1_024
let simulated: Simulated
let url = ''
beforeAll(async () => {
  simulated = await startSimulated({ server: '  maxBody: 1MiB\n  timeouts: { body: 1s, headers: 2s }\n' })
  url = simulated.service.url
  await post(url, paths.openai, chatBody('openai/echo'))
})
afterAll(() => simulated.stop())

// Whatever a test did: the process is alive and serves the next request in both dialects.
afterEach(async () => {
  for (const dialect of ['openai', 'anthropic'] as const) {
    const answer = await post(url, paths[dialect], chatBody(`${dialect}/echo`, 'still here'))
    if (answer.status !== 200 || !answer.text.includes('still here')) throw new Error(`Not served: ${answer.text}`)
  }
})

/** An error as an SDK of the dialect reads it. */
function expectError(answer: Told, dialect: DialectName, status: number, code: string | RegExp): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers.get('content-type')).toContain('application/json')
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  const body: unknown = JSON.parse(answer.text)
  if (!isRecord(body)) throw new Error('The error is no object.')
  expect(typeof answer.error.type).toBe('string')
  expect(answer.error.message?.length).toBeGreaterThan(10)
  if (dialect === 'anthropic') expect(body['type']).toBe('error')
  expect(`${answer.error.code ?? ''} ${answer.error.message ?? ''} ${answer.text}`).toMatch(code)
}

const folder = fileURLToPath(new URL('../fixtures/json-test-suite/test_parsing/', import.meta.url))
const cases = readdirSync(folder).filter((name) => name.endsWith('.json'))
const fixtures = fileURLToPath(new URL('../fixtures/naughty-strings/naughty-strings.json', import.meta.url))
const naughty: readonly string[] = JSON.parse(readFileSync(fixtures, 'utf8'))

describe.each(['openai', 'anthropic'] as const)('T21 JSONTestSuite over %s', (dialect) => {
  test('T21 a case as the whole body is refused before anything is sent upstream', async () => {
    const upstream = simulated[dialect]
    const before = upstream.requests.length
    for (const name of cases) {
      const answer = await post(url, paths[dialect], new Uint8Array(readFileSync(`${folder}${name}`)))
      expect([400, 413], name).toContain(answer.status)
      expectError(answer, dialect, answer.status, /caller_|invalid_request_error/)
    }
    expect(upstream.requests.length).toBe(before)
  })

  test('T21 a case inside an otherwise good body is refused or passed on, never a crash', async () => {
    for (const name of cases) {
      const inner = readFileSync(`${folder}${name}`)
      const start = Buffer.from(chatBody(`${dialect}/echo`).replace(/\}$/, ',"metadata":{"probe":'))
      const answer = await post(url, paths[dialect], new Uint8Array(Buffer.concat([start, inner, Buffer.from('}}')])))
      expect(answer.status, name).toBeLessThan(500)
      if (name.startsWith('n_') && answer.status !== 200) expectError(answer, dialect, answer.status, /./)
    }
  })
})

describe('T21 bodies that are costly', () => {
  const before = (): number => residentBytes(simulated.service)
  test.each([
    ['a million arrays', `{"model":"openai/echo","messages":${'['.repeat(500_000)}${']'.repeat(500_000)}}`],
    ['a million open arrays', `{"model":"openai/echo","messages":${'['.repeat(1_000_000)}`],
    ['objects in objects', `{"model":"openai/echo","messages":${'{"a":'.repeat(190_000)}1${'}'.repeat(190_000)}}`],
    ['a huge key', `{"model":"openai/echo","messages":[],"${'k'.repeat(900_000)}":1}`],
    ['a huge number', `{"model":"openai/echo","messages":[],"n":${'9'.repeat(900_000)}}`],
    ['many small members', `{"model":"openai/echo","messages":[${'{},'.repeat(300_000)}{}]}`],
    ['a model name of 900 KB', `{"model":"${'m'.repeat(900_000)}","messages":[]}`],
    ['a model name of 900 KB behind a provider', `{"model":"openai/${'m'.repeat(900_000)}","messages":[]}`],
  ])('T21 %s', async (_name, body) => {
    const rss = before()
    for (const path of [paths.openai, paths.anthropic, '/v1/embeddings', '/v1/responses']) {
      const answer = await post(url, path, body)
      expect(answer.status, answer.text.slice(0, 300)).toBeGreaterThanOrEqual(400)
      expect(answer.status, answer.text.slice(0, 300)).toBeLessThan(500)
      expect(answer.text.length).toBeLessThan(16_384)
    }
    expect(residentBytes(simulated.service) - rss).toBeLessThan(150 * MiB)
  })

  test('B4 made-up model names, each long and new, leave nothing behind', async () => {
    for (let round = 0; round < 8; round++) await madeUp(round)
    const rss = residentBytes(simulated.service)
    for (let round = 8; round < 60; round++) await madeUp(round)
    // 416 names of 500 KB are 200 MB where they are remembered.
    expect(residentBytes(simulated.service) - rss).toBeLessThan(100 * MiB)
  })

  async function madeUp(round: number): Promise<void> {
    const asking = Array.from({ length: 8 }, (_, at) =>
      post(url, paths.openai, chatBody(`openai/${round}-${at}-${'m'.repeat(500_000)}`)),
    )
    for (const answer of await Promise.all(asking)) expect(answer.status).toBe(404)
  }
})

describe('fields that route', () => {
  const wrong: readonly (readonly [string, string, string | RegExp])[] = [
    ['an empty body', '', /caller_invalid_json|JSON/],
    ['an array', '[]', /JSON object/],
    ['a string', '"openai/echo"', /JSON object/],
    ['null', 'null', /JSON object/],
    ['no model', '{"messages":[]}', /model.{1,3}is required/],
    ['model null', '{"model":null,"messages":[]}', /non-empty string/],
    ['model 1', '{"model":1,"messages":[]}', /non-empty string/],
    ['model []', '{"model":["openai/echo"],"messages":[]}', /non-empty string/],
    ['model {}', '{"model":{"a":"openai/echo"},"messages":[]}', /non-empty string/],
    ['model ""', '{"model":"","messages":[]}', /non-empty string/],
    ['stream "true"', '{"model":"openai/echo","stream":"true","messages":[]}', /true or false/],
    ['stream 1', '{"model":"openai/echo","stream":1,"messages":[]}', /true or false/],
    ['stream {}', '{"model":"openai/echo","stream":{},"messages":[]}', /true or false/],
    ['model twice', '{"model":"openai/echo","model":"openai/other","messages":[]}', /once and unescaped/],
    ['stream twice', '{"model":"openai/echo","stream":false,"stream":true,"messages":[]}', /once and unescaped/],
    ['an escaped model', '{"\\u006dodel":"openai/echo","messages":[]}', /once and unescaped|required/],
    [
      'an escaped model beside a plain one',
      '{"\\u006dodel":"a","model":"openai/echo","messages":[]}',
      /once and unescaped/,
    ],
    ['an escaped stream', '{"model":"openai/echo","strea\\u006d":true,"messages":[]}', /once and unescaped/],
    ['two documents', `${chatBody('openai/echo')}{"model":"x"}`, /not valid JSON/],
    ['a byte order mark', `\ufeff${chatBody('openai/echo')}`, /./],
  ]
  test.each(wrong)('%s', async (_name, body, message) => {
    for (const dialect of ['openai', 'anthropic'] as const) {
      const answer = await post(url, paths[dialect], body)
      if (answer.status !== 200) expectError(answer, dialect, 400, message)
      // What passes must have been read by the upstream as by us.
      else expect(body.startsWith('\ufeff')).toBe(true)
    }
  })

  test('T39 an unknown model is 404 with the nearest names, in both dialects', async () => {
    for (const dialect of ['openai', 'anthropic'] as const) {
      const answer = await post(url, paths[dialect], chatBody('openai/gpt-4o-minni'.replace('openai/', 'opanai/')))
      expectError(answer, dialect, 404, /Nearest: .*openai\/gpt-4o-mini/)
    }
  })

  test('T39 case, Unicode and prefix variants of a provider name it no more', async () => {
    for (const model of [
      'OpenAI/echo',
      'openai /echo',
      'openai\u200b/echo',
      '/echo',
      'openai/',
      'o\u0440enai/echo',
      '__proto__/echo',
      'constructor/echo',
      'constructor',
      '__proto__',
      'toString',
    ]) {
      const answer = await post(url, paths.openai, chatBody(model))
      expectError(answer, 'openai', 404, 'caller_model_not_found')
    }
  })
})

describe('F39 bodies over the limit', () => {
  const head = (length: string): string =>
    `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${length}\r\n`

  test('F39 one that is declared is refused unread', async () => {
    const connection = await openRaw(url)
    connection.write(head('content-length: 104857600\r\n'))
    await connection.until((text) => answersIn(text).length === 1)
    const [answer] = answersIn(connection.text())
    expect([answer?.status, answer?.headers['connection']]).toEqual([413, 'close'])
    expect(answer?.body).toContain('caller_body_too_large')
    expect(await connection.closed()).toBe(true)
  })

  test('F39 one that is declared and sent anyway is refused, and its client reads why', async () => {
    const answer = await post(url, paths.openai, `{"model":"openai/echo","x":"${'a'.repeat(20 * MiB)}"}`)
    expectError(answer, 'openai', 413, 'caller_body_too_large')
  })

  test('F39 one in endless chunks is refused at the cap, without reading the rest', async () => {
    const connection = await openRaw(url)
    const rss = residentBytes(simulated.service)
    connection.write(head('transfer-encoding: chunked\r\n'))
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`
    let sent = 0
    const pour = (): void => {
      while (!connection.socket.destroyed && sent < 256 * MiB && connection.socket.write(chunk)) sent += chunk.length
    }
    connection.socket.on('drain', pour)
    pour()
    expect(await connection.closed(15_000)).toBe(true)
    expect(answersIn(connection.text())[0]?.status).toBe(413)
    expect(sent).toBeLessThan(64 * MiB)
    expect(residentBytes(simulated.service) - rss).toBeLessThan(64 * MiB)
  })

  test('T25 one that dribbles is refused in time', async () => {
    const connection = await openRaw(url)
    connection.write(`${head('content-length: 1000\r\n')}{`)
    const drip = setInterval(() => connection.write(' '), 100)
    await connection.until((text) => answersIn(text).length === 1, 15_000)
    clearInterval(drip)
    expect(answersIn(connection.text())[0]).toMatchObject({ status: 408, headers: { connection: 'close' } })
    expect(await connection.closed()).toBe(true)
  })

  test('T25 a head that dribbles is refused in time', async () => {
    const connection = await openRaw(url)
    connection.write('GET /health/live HTTP/1.1\r\nhost: a\r\n')
    const drip = setInterval(() => connection.write('x-a: b\r\n'), 200)
    expect(await connection.closed(15_000)).toBe(true)
    clearInterval(drip)
    expect(connection.text()).toContain('408 Request Timeout')
  })

  test('F39 Expect: 100-continue is answered by the refusal, not by an invitation', async () => {
    const connection = await openRaw(url)
    connection.write(head('content-length: 104857600\r\nexpect: 100-continue\r\n'))
    await connection.until((text) => text.includes('413'))
    expect(connection.text()).not.toContain('100 Continue')
    connection.destroy()
  })

  test('F39 Expect: 100-continue within the limit is invited and served; another expectation is 417', async () => {
    const connection = await openRaw(url)
    const body = chatBody('openai/echo', 'expected')
    connection.write(head(`content-length: ${body.length}\r\nexpect: 100-continue\r\n`))
    await connection.until((text) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    connection.write(body)
    await connection.until((text) => text.includes('expected'))
    connection.destroy()
    const other = await openRaw(url)
    other.write(head(`content-length: ${body.length}\r\nexpect: a-miracle\r\n`))
    await other.until((text) => text.includes('417'))
    other.destroy()
  })
})

describe('heads', () => {
  test('wrong methods are 405 with Allow, wrong paths 404, both in the dialect of the path', async () => {
    for (const [path, dialect] of [
      ['/v1/chat/completions', 'openai'],
      ['/v1/messages', 'anthropic'],
    ] as const) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
        const answer = await told(await fetch(`${url}${path}`, { method }))
        expectError(answer, dialect, 405, /POST/)
        expect(answer.headers.get('allow')).toBe('POST')
      }
      const missing = await post(url, `${path}/nowhere`, chatBody('openai/echo'))
      expectError(missing, dialect, 404, /no such route/)
    }
    for (const path of [
      '/',
      '/v1',
      '/v1/chat/completions/',
      '//v1/chat/completions',
      '/V1/chat/completions',
      '/v1/chat%2Fcompletions',
      '/v1/./chat/completions/x',
      '/admin',
      '/metrics',
      '/.env',
      '/v1/chat/completions%00',
    ]) {
      const answer = await post(url, path, chatBody('openai/echo'))
      expectError(answer, 'openai', 404, /no such route/)
    }
  })

  test('T22 a content type that is not JSON and every content encoding are 415', async () => {
    const before = simulated.openai.requests.length
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'application/json-seq',
      '',
    ]) {
      const answer = await post(url, paths.openai, chatBody('openai/echo'), { 'content-type': type })
      expectError(answer, 'openai', 415, 'caller_unsupported_media_type')
    }
    for (const encoding of ['gzip', 'br', 'zstd', 'deflate', 'x-gzip', 'gzip, identity', 'GZIP']) {
      const answer = await post(url, paths.openai, chatBody('openai/echo'), { 'content-encoding': encoding })
      expectError(answer, 'openai', 415, 'caller_encoded_body')
    }
    expect(simulated.openai.requests.length).toBe(before)
  })

  test.each([
    'content-type',
    'content-encoding',
    'origin',
    'x-ai-user',
    'x-ai-tags',
    'x-ai-timeout-ms',
    'x-ai-strict',
    'x-api-key',
    'api-key',
    'x-goog-api-key',
    'host',
  ])('a repeated %s is 400', async (name) => {
    const body = chatBody('openai/echo')
    const base = new Map([
      ['host', 'a'],
      ['content-type', 'application/json'],
      ['content-length', String(body.length)],
    ])
    const value = base.get(name) ?? '1'
    const lines = [...base, [name, value], ...(base.has(name) ? [] : [[name, value]])].map(
      ([key, text]) => `${key}: ${text}\r\n`,
    )
    const connection = await openRaw(url)
    connection.write(`POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
    await connection.until((text) => answersIn(text).length === 1)
    expect(answersIn(connection.text())[0]?.status).toBe(400)
    connection.destroy()
  })

  test('a page of another origin may not spend, whatever it sends', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:8080']) {
      const answer = await post(url, paths.openai, chatBody('openai/echo'), { origin })
      expectError(answer, 'openai', 403, 'policy_origin_refused')
      const preflight = await fetch(`${url}${paths.openai}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([403, null])
    }
  })
})

describe('T33 naughty strings', () => {
  test('as content they come back as they went, in both dialects', async () => {
    for (const dialect of ['openai', 'anthropic'] as const) {
      const asked = naughty.filter((text) => text.trim() !== '' && text.isWellFormed())
      await inParallel(asked, async (text) => {
        const answer = await post(url, paths[dialect], chatBody(`${dialect}/echo`, text))
        expect(answer.status, text).toBe(200)
        expect(JSON.stringify(JSON.parse(answer.text))).toContain(JSON.stringify(text).slice(1, -1))
      })
    }
  })

  test('as a model, in a header and in the query nothing breaks', async () => {
    await inParallel(naughty, async (text) => {
      const bare = await post(url, paths.openai, chatBody(text))
      expect([400, 404], text).toContain(bare.status)
      const named = await post(url, paths.openai, chatBody(`openai/${text}`))
      expect([200, 404], text).toContain(named.status)
      const query = await post(
        url,
        `${paths.openai}?q=${encodeURIComponent(text.toWellFormed())}`,
        chatBody('openai/echo'),
      )
      expect(query.status).toBe(200)
      const header = text.replaceAll(/[^\x20-\x7e]/g, '')
      const known = await post(url, paths.anthropic, chatBody('anthropic/echo'), {
        'x-ai-user': header,
        'x-ai-timeout-ms': '60000',
        'anthropic-beta': header,
      })
      expect(known.status, header).toBe(200)
      const tagged = await post(url, paths.openai, chatBody('openai/echo'), { 'x-ai-tags': header })
      expect([200, 400], header).toContain(tagged.status)
    })
    await eventually(() => simulated.service.output().length > 0, 'the log')
  })
})

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

test('a timeout header that says nothing is refused, with the header named', async () => {
  for (const value of ['soon', '-1', '0', '1.5']) {
    const answer = await fetch(`${simulated.service.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-ai-timeout-ms': value },
      body: JSON.stringify({ model: 'openai/echo', messages: [{ role: 'user', content: 'hi' }] }),
    })
    expect(await answer.text()).toContain('x-ai-timeout-ms takes whole milliseconds')
    expect(answer.status).toBe(400)
  }
})
