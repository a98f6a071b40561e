// One event is one line of JSON that a reader can parse, whatever stands in its fields; no secret is in it.
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { Secret } from 'ai-lib/internal/errors/secret'
import { describe, expect, test } from 'vitest'
import { createLog, type Log, type LogLevel } from './log.ts'
import type { LogDestination } from './log-destination.ts'
import { createRedactor } from '../redaction/redactor.ts'
import { summary } from './summary.test.kit.ts'

interface Captured {
  readonly log: Log
  readonly lines: string[]
  readonly last: () => Record<string, unknown>
}

const canary = 'canary-7f3a91c2e8-value'

function capture(level: LogLevel = 'info', secrets: readonly Secret[] = [new Secret(canary)]): Captured {
  const lines: string[] = []
  const destination: LogDestination = {
    write: (line) => void lines.push(line),
    droppedLines: 3,
    close: () => Promise.resolve(),
  }
  const log = createLog({ level, destination, redactor: createRedactor({ secrets }) })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> }
}

const naughty = JSON.parse(
  readFileSync(new URL('../../../../tests/fixtures/naughty-strings/naughty-strings.json', import.meta.url), 'utf8'),
) as readonly string[]
const hostile = [
  'a\nb',
  '\r\n{"level":"error","message":"forged"}\r\n',
  '\u001b[31mred\u001b[0m',
  '\u009b31mred',
  '\u0000\u0007\b\u007f',
  'a\u2028b\u2029c',
  '\u202egnp.exe',
  '\ufeff',
  '\ud800',
  '"}',
  '\\',
]

describe('T33 strings that are made to break logs', () => {
  test('are there', () => {
    expect(naughty.length).toBeGreaterThan(500)
  })

  test.each([
    ['naughty', naughty],
    ['hostile', hostile],
  ])('%s strings in every place give one parseable line each', (_name, strings) => {
    for (const text of strings) {
      const { log, lines, last } = capture('info', [])
      log.info(text, { [text]: text, list: [text], error: new Error(text, { cause: text }) })
      log.request(
        summary({
          model: text,
          user: text,
          team: text,
          route: text,
          keyId: text,
          error: new AiError('service_internal', {}, { cause: new Error(text) }),
        }),
      )
      log.refused({ id: 'req_1', method: text, path: text, code: 'caller_route_not_found', status: 404 })
      expect(lines).toHaveLength(3)
      for (const line of lines) {
        expect(line.endsWith('}\n')).toBe(true)
        // oxlint-disable-next-line no-control-regex
        expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\ufeff]/)
      }
      expect(last().path).toBe(text)
    }
  })

  test('are cut at 8 KiB, fields, messages and errors alike', () => {
    const { log, lines, last } = capture()
    const long = 'x'.repeat(100_000)
    log.info(long, { long, error: new Error(long, { cause: new Error(long) }) })
    log.request(summary({ model: long, user: long, losses: [{ kind: 'dropped', path: long, reason: long }] }))
    expect(lines[0]!.length).toBeLessThan(6 * 8_300)
    expect(lines[1]!.length).toBeLessThan(5 * 8_300)
    expect(last().user).toBe(`${'x'.repeat(8_192)}… (91808 more)`)
  })
})

describe('secrets', () => {
  const forms = [
    canary,
    Buffer.from(canary).toString('base64'),
    Buffer.from(canary).toString('hex'),
    encodeURIComponent(canary),
  ]

  test('are in no line, wherever they were put', () => {
    const { log, lines } = capture()
    for (const form of [...forms, 'sk-proj-canary-7f3a91c2e8-value']) {
      const error = new AiError(
        'provider_failed',
        { message: form },
        { cause: new Error(`dial ${form}`, { cause: form }) },
      )
      log.info(form, { [form]: form, list: [form], error })
      log.error('x', { error: form, secret: new Secret(form) })
      log.request(summary({ model: form, user: form, route: form, error }))
      log.refused({ id: 'req_1', method: form, path: `/${form}`, code: 'caller_route_not_found', status: 404 })
    }
    expect(lines).toHaveLength(20)
    for (const form of forms) expect(lines.join('')).not.toContain(form)
    expect(lines.join('')).toContain(`[redacted:secret:${new Secret(canary).fingerprint}]`)
    for (const line of lines) expect(() => void JSON.parse(line)).not.toThrow()
  })

  test('of digits alone go from texts; numbers are ours and stay numbers', () => {
    const { log, last } = capture('info', [new Secret('12345678')])
    log.info('x', { figure: 1_234_567_890, text: '1234567890' })
    expect(last()).toMatchObject({ figure: 1_234_567_890, text: expect.stringMatching(/^\[redacted:.*\]90$/) })
  })

  test('that the cut at 8 KiB goes through leave no half behind', () => {
    for (let before = 8_192 - canary.length - 2; before <= 8_194; before++) {
      const { log, last } = capture()
      log.info('x', { text: `${'x'.repeat(before)}${canary}${'y'.repeat(9_000)}` })
      expect(String(last().text)).not.toContain(canary.slice(0, 4))
    }
  })

  test('are not in the log itself', () => {
    expect(inspect(capture().log, { depth: 9, showHidden: true })).not.toContain(canary)
  })
})

describe('the line of an exchange', () => {
  test('has the fields of the contract', () => {
    const { log, last } = capture()
    log.request(summary())
    const { time, ...line } = last()
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(line).toEqual({
      level: 'info',
      message: 'request',
      request_id: 'req_1',
      route: '/v1/chat/completions',
      dialect: 'openai-chat',
      provider: 'openai',
      model: 'gpt-4o',
      endpoint: 'east',
      lane: 'pass',
      stream: true,
      status: 200,
      outcome: 'completed',
      attempts: 1,
      key_fingerprint: 'deadbeef',
      latency_ms: 812.346,
      overhead_ms: 0.2,
      ttft_ms: 220,
      inter_token_ms: 14,
      input_tokens: 103,
      cache_read_tokens: 10,
      cache_write_tokens: 4,
      output_tokens: 57,
      reasoning_tokens: 20,
      usage_source: 'reported',
      key_id: 'k1',
      user: 'alice',
      team: 'search',
      config_version: 'c0ffee',
    })
  })

  test('of a failure tells each attempt and the chain of causes', () => {
    const { log, last } = capture()
    const cause = new Error('socket hang up', {
      cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    })
    const failed = {
      endpoint: 'east',
      provider: 'openai',
      outcome: 'unreachable',
      durationMs: 12.4,
      keyFingerprint: 'deadbeef',
    }
    const error = new AiError('provider_unreachable', {}, { cause })
    log.request(
      summary({
        status: 502,
        code: 'provider_unreachable',
        outcome: 'failed',
        attempts: [failed, { ...failed, status: 503 }],
        error,
      }),
    )
    expect(last()).toMatchObject({
      level: 'warn',
      code: 'provider_unreachable',
      outcome: 'failed',
      attempts: 2,
      attempt_log: ['east/openai unreachable 12 ms key deadbeef', 'east/openai 503 unreachable 12 ms key deadbeef'],
      error: { code: 'provider_unreachable', causes: ['socket hang up', 'ECONNRESET: read ECONNRESET'] },
    })
    expect(last().error).not.toHaveProperty('stack')
  })

  test('counts losses and lists their paths', () => {
    const { log, last } = capture()
    const losses = Array.from(
      { length: 30 },
      (_, index) => ({ kind: 'dropped', path: `tools.${index}`, reason: 'r' }) as const,
    )
    log.request(summary({ losses }))
    expect(last().losses).toBe(30)
    expect(last().loss_paths).toHaveLength(20)
  })
})

describe('other lines', () => {
  test('a fault of ours has its stack, a refusal has none', () => {
    const { log, last } = capture()
    log.error('failed', { error: new AiError('service_internal', {}, { cause: new TypeError('x is not a function') }) })
    expect(last().error).toMatchObject({
      code: 'service_internal',
      causes: ['x is not a function'],
      stack: expect.stringContaining('log.test.ts'),
    })
    log.error('failed', { error: new AiError('caller_invalid_json') })
    expect(last().error).toEqual({ code: 'caller_invalid_json', message: 'The body is not valid JSON.' })
  })

  test.each([
    [undefined, 'a thrown undefined'],
    [null, 'a thrown null'],
    [{ password: 'x' }, 'a thrown object'],
    ['text', 'text'],
    [new AggregateError([new Error('a'), 'b']), 'a; b'],
  ])('%j was thrown: it is told by kind or message', (thrown, message) => {
    const { log, last } = capture()
    log.error('failed', { error: thrown })
    expect(last().error).toMatchObject({ message })
  })

  test('an endless chain of causes ends', () => {
    const { log, last } = capture()
    const loop = new Error('loop')
    loop.cause = loop
    log.error('failed', { error: loop })
    expect((last().error as { causes: string[] }).causes.length).toBeLessThan(10)
  })

  test('fields cannot take the place of time, level and message', () => {
    const { log, last } = capture()
    log.warn('real', { time: 'x', level: 'y', message: 'z' })
    expect(last()).toMatchObject({ level: 'warn', message: 'real', time_: 'x', level_: 'y', message_: 'z' })
  })

  test('below the level nothing is written', () => {
    const { log, lines } = capture('warn')
    log.debug('x')
    log.info('x')
    log.request(summary())
    log.refused({ id: 'r', method: 'GET', path: '/', code: 'caller_route_not_found', status: 404 })
    expect(lines).toEqual([])
    log.request(summary({ outcome: 'truncated' }))
    log.error('x')
    expect(lines).toHaveLength(2)
  })

  test('tells how many lines the reader missed', () => {
    expect(capture().log.droppedLines).toBe(3)
  })
})
