// Who may call what: every route without a credential, forged and spoofed ones, pollution, log injection.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routePaths } from '../../packages/ai-service/dist/http/routes.js'
import { chatBody, eventually, isRecord, logLines, metricsOf, paths, post, told } from '../faults/asking.ts'
import { answersIn, openRaw } from '../faults/raw-socket.ts'
import type { RunningService } from '../kit/service.ts'
import { type Callers, createCallers } from './callers.ts'

const fixtures = fileURLToPath(new URL('../fixtures/naughty-strings/naughty-strings.json', import.meta.url))
const naughty: readonly string[] = JSON.parse(readFileSync(fixtures, 'utf8'))

/** Letters that terminals and viewers act on; the line feed ends a line of the log. */
function isActive(letter: string): boolean {
  const code = letter.codePointAt(0) ?? 0
  return (code < 0x20 && code !== 0x0a) || (code >= 0x7f && code <= 0x9f) || (code >= 0x2028 && code <= 0x202e)
}

let callers: Callers
let service: RunningService
beforeAll(async () => {
  callers = await createCallers()
}, 60_000)
afterAll(() => callers.stop())
async function start(more = ''): Promise<void> {
  service = await callers.start(more)
}

describe('T2 T3 credentials', () => {
  beforeAll(() => start())
  afterAll(() => service.stop())
  const open = ['/health/live', '/health/ready', '/openapi.json']

  test.each(routePaths)(
    'T2 %s without a credential, with garbage, with an expired one is 401, and open only if it is health or the description of the routes',
    async (path) => {
      const target = `${service.url}${path.replace('{id}', 'openai/echo')}`
      const key = callers.key('one')
      const flipped = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
      const bad = [
        {},
        { authorization: '' },
        { authorization: 'Bearer' },
        { authorization: `Bearer ${flipped}` },
        { authorization: `Basic ${key}x` },
        { 'x-api-key': 'ais_one_' },
        { 'api-key': callers.hash('one') },
        { 'x-goog-api-key': 'null' },
        callers.bearer('late'),
        { cookie: `key=${key}` },
      ]
      for (const headers of bad) {
        for (const method of ['GET', 'POST']) {
          const answer = await told(
            await fetch(target, {
              method,
              headers: { 'content-type': 'application/json', ...headers },
              ...(method === 'POST' ? { body: chatBody('openai/echo') } : {}),
            }),
          )
          if (open.includes(path) && method === 'GET') expect(answer.status).toBe(200)
          else expect([401, 405], `${method} ${JSON.stringify(headers)} ${answer.text}`).toContain(answer.status)
        }
      }
      // The credential in the query is none.
      const query = await fetch(`${target}?key=${key}&api_key=${key}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      expect([401, 405]).toContain(query.status)
      expect(callers.simulator.requests).toHaveLength(0)
    },
  )

  test('T1 naughty strings as credentials are 401, and nothing is asked upstream', async () => {
    for (const text of ["' OR '1'='1", "'; DROP TABLE keys; --", '${jndi:ldap://x}', '../../etc/passwd', ...naughty]) {
      const value = text.replaceAll(/[^\x20-\x7e]/g, '').trim()
      for (const name of ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key']) {
        const answer = await post(service.url, paths.openai, chatBody('openai/echo'), {
          [name]: name === 'authorization' ? `Bearer ${value}` : value,
        })
        expect(answer.status, `${name}: ${value}`).toBe(401)
      }
    }
    expect(callers.simulator.requests).toHaveLength(0)
  }, 60_000)

  test('T12 a key that shares all but its end with a real one is another key', async () => {
    const key = callers.key('one')
    for (let at = 5; at < key.length; at += 5) {
      expect(
        (
          await post(service.url, paths.openai, chatBody('openai/echo'), {
            authorization: `Bearer ${key.slice(0, at)}`,
          })
        ).status,
      ).toBe(401)
      expect(
        (
          await post(service.url, paths.openai, chatBody('openai/echo'), {
            authorization: `Bearer ${key}${key.slice(0, at)}`,
          })
        ).status,
      ).toBe(401)
    }
  })

  test('T14 a hash is no credential, and an unauthenticated body is not read', async () => {
    for (const value of [callers.hash('one'), callers.hash('one').replace('hmac-sha256:', '')]) {
      expect((await post(service.url, paths.openai, chatBody('openai/echo'), { 'x-api-key': value })).status).toBe(401)
    }
    const connection = await openRaw(service.url)
    connection.write(
      `POST ${paths.openai} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\nexpect: 100-continue\r\n\r\n`,
    )
    await connection.until((text) => text.includes('401'))
    expect(connection.text()).not.toContain('100 Continue')
    connection.destroy()
  })

  test('T39 a key with a list of models gets those, written exactly so', async () => {
    expect((await post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('two'))).status).toBe(200)
    for (const model of [
      'openai/other',
      'OPENAI/echo',
      'openai/ECHO',
      'openai/echo ',
      'openai/echo\u200b',
      'openai//echo',
      'echo',
      'openai/echo\u0000',
    ]) {
      const answer = await post(service.url, paths.openai, chatBody(model), callers.bearer('two'))
      expect([403, 404], model).toContain(answer.status)
    }
    const list: unknown = await (await fetch(`${service.url}/v1/models`, { headers: callers.bearer('two') })).json()
    expect(
      isRecord(list) &&
        Array.isArray(list['data']) &&
        list['data'].every((model) => isRecord(model) && model['id'] === 'openai/echo'),
    ).toBe(true)
  })
})

describe('T34 T33 T23 what callers write about themselves', () => {
  beforeAll(() => start())
  afterAll(() => service.stop())

  test('T34 spoofed ids and identities are not believed, and go no further', async () => {
    const spoofed = {
      'x-request-id': 'req_00000000000000000000000000',
      'x-ai-provider': 'spoof',
      'x-ai-endpoint': 'spoof',
      'x-ai-attempts': '99',
      'x-ai-model': 'spoof',
      'x-ai-user': 'mallory',
      'x-ai-tags': 'team=blue',
      'x-ai-key-id': 'two',
      'x-ai-team': 'blue',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-host': 'evil',
      'x-forwarded-proto': 'https',
      forwarded: 'for=10.0.0.1',
      'x-real-ip': '10.0.0.1',
      via: '1.1 evil',
      'x-should-retry': 'true',
      cookie: 'a=b',
      'proxy-authorization': 'Basic x',
      te: 'trailers',
      'x-http-method-override': 'DELETE',
      'openai-organization': 'org-evil',
      'x-stainless-lang': 'js',
      'idempotency-key': 'spoof',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }
    const connection = await openRaw(service.url)
    const body = chatBody('openai/echo')
    const lines = Object.entries({
      host: 'a',
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...callers.bearer('one'),
      ...spoofed,
    })
    connection.write(
      `POST ${paths.openai} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
    )
    await connection.until((text) => answersIn(text).length === 1)
    const [answer] = answersIn(connection.text())
    connection.destroy()
    expect(answer?.status).toBe(200)
    expect(answer?.headers).toMatchObject({
      'x-ai-provider': 'openai',
      'x-ai-endpoint': 'openai',
      'x-ai-attempts': '1',
      'x-ai-model': 'echo',
    })
    expect(answer?.headers['x-request-id']).not.toBe(spoofed['x-request-id'])
    const sent = callers.simulator.requests.at(-1)?.headers ?? {}
    expect(Object.keys(sent).toSorted()).toEqual(
      [
        'accept',
        'accept-encoding',
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
      ].filter((name) => name in sent),
    )
    expect(sent['authorization']).toBe('Bearer sk-callers-0123456789')
    await eventually(
      () => logLines(service).some((line) => line['request_id'] === answer?.headers['x-request-id']),
      'the log line',
    )
    const line = logLines(service).find((entry) => entry['request_id'] === answer?.headers['x-request-id'])
    expect(line).toMatchObject({ key_id: 'one', user: 'alice', team: 'red' })
  })

  test('T33 whatever is written into a logged field, a line stays one line of plain JSON', async () => {
    const requestLines = () => logLines(service).filter(({ message }) => message !== 'audit head')
    const before = requestLines().length
    const strings = [
      ...naughty,
      'a\nb',
      'a\r\n{"level":"info"}',
      '\u001b[31mred',
      'a\u2028b',
      'a\u009b31m',
      '\u0000',
      '\u202egnp.exe',
      'x'.repeat(500),
    ]
    for (const text of strings) {
      const header = text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
      await post(service.url, paths.openai, chatBody(`openai/${text}`), {
        ...callers.bearer('one'),
        'x-ai-user': header,
        'user-agent': header,
      })
      await fetch(`${service.url}/v1/${encodeURIComponent(text.toWellFormed())}`, { headers: callers.bearer('one') })
    }
    await eventually(() => requestLines().length >= before + 2 * strings.length, 'all lines', 20_000)
    const output = service.output()
    expect(output.split('').filter(isActive)).toEqual([])
    // The audit trail prints its signed head now and then.
    const told = requestLines().slice(before)
    expect(told.filter(({ message }) => message !== 'request' && message !== 'refused')).toEqual([])
    expect(told).toHaveLength(2 * strings.length)
    for (const line of output.split('\n')) expect(line.length).toBeLessThan(64 * 1_024)
    const metrics = await metricsOf(service)
    // A made-up name is not a label.
    expect(new Set([...metrics.matchAll(/model="([^"]*)"/g)].map(([, name]) => name)).size).toBeLessThan(10)
  }, 60_000)

  test('T23 pollution through JSON, headers, query and paths changes nothing, and the process lives', async () => {
    const payloads = [
      '{"__proto__":{"polluted":1},"model":"openai/echo","messages":[{"role":"user","content":"x"}]}',
      '{"constructor":{"prototype":{"polluted":1}},"model":"openai/echo","messages":[{"role":"user","content":"x","__proto__":{"stream":true}}]}',
      '{"model":"openai/echo","messages":[{"__proto__":{"role":"user"},"content":"x"}],"tools":[{"type":"function","function":{"name":"__proto__","parameters":{"__proto__":{}}}}]}',
    ]
    for (const payload of payloads)
      for (const path of [paths.openai, paths.anthropic, '/v1/embeddings', '/v1/responses']) {
        expect(
          (
            await post(
              service.url,
              `${path}?__proto__[polluted]=1&constructor.prototype.polluted=1`,
              payload,
              callers.bearer('one'),
            )
          ).status,
        ).toBeLessThan(500)
      }
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const connection = await openRaw(service.url)
      const body = chatBody('openai/echo', name)
      connection.write(
        `POST ${paths.openai} HTTP/1.1\r\nhost: a\r\n${name}: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nauthorization: ${callers.bearer('one').authorization}\r\n\r\n${body}`,
      )
      await connection.until((text) => answersIn(text).length === 1)
      expect(answersIn(connection.text())[0]?.status).toBe(200)
      connection.destroy()
      expect((await fetch(`${service.url}/v1/models/${name}`, { headers: callers.bearer('one') })).status).toBe(404)
      expect((await post(service.url, paths.openai, chatBody(name), callers.bearer('one'))).status).toBe(404)
    }
    const clean = await post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('one'))
    expect([clean.status, clean.text.includes('polluted')]).toEqual([200, false])
  })

  test('T40 of an upstream’s headers only the known ones pass, plain and bounded', async () => {
    callers.simulator.enqueue({
      kind: 'answer',
      headers: {
        'set-cookie': 'a=b',
        'x-ai-provider': 'spoof',
        'x-ai-attempts': '9',
        server: 'evil',
        'access-control-allow-origin': '*',
        'content-security-policy': 'x',
        refresh: '0;url=//evil',
        'alt-svc': 'h3=":1"',
        'x-ratelimit-remaining-requests': '5',
        'x-ratelimit-huge': 'a'.repeat(4_000),
        'x-request-id': 'up-1',
        'x-should-retry': 'true',
        'content-encoding': 'identity',
        'x-ratelimit-letters': 'caf\u00e9',
      },
    })
    const answer = await post(service.url, paths.openai, chatBody('openai/echo'), callers.bearer('one'))
    const names = [...answer.headers.keys()].filter((name) => !name.startsWith('x-ai-upstream-'))
    expect(names.toSorted()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
      'server-timing',
      'x-ai-attempts',
      'x-ai-endpoint',
      'x-ai-lane',
      'x-ai-model',
      'x-ai-provider',
      'x-request-id',
    ])
    expect(answer.headers.get('x-ai-provider')).toBe('openai')
    expect(answer.headers.get('x-ai-upstream-ratelimit-remaining-requests')).toBe('5')
    expect(answer.headers.get('x-ai-upstream-ratelimit-huge')).toBeNull()
    expect(answer.headers.get('x-ai-upstream-request-id')).toBe('up-1')
  })
})
