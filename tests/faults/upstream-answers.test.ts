// What a broken or hostile upstream sends, and what becomes of it: a clear error, a retry nobody sees, or an honest end of a stream.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Behaviour, type Simulator, startSimulator } from 'ai-simulator'
import { type RunningService, startService } from '../kit/service.ts'
import {
  chatBody,
  type DialectName,
  errorIn,
  eventsIn,
  eventually,
  logLines,
  looksComplete,
  metricsOf,
  paths,
  post,
  residentBytes,
  type Told,
} from './asking.ts'

const MiB = 1_024 * 1_024
const dialects = ['openai', 'anthropic'] as const
const streaming = { stream: true } as const

interface Faulty {
  readonly service: RunningService
  readonly openai: Simulator
  readonly anthropic: Simulator
  stop(): Promise<void>
}

/** So many providers for each dialect, all at the same simulator: each test has one whose keys and budget are untouched. */
const providers = 300

async function startFaulty(timeouts: string): Promise<Faulty> {
  const [openai, anthropic] = [await startSimulator(), await startSimulator()]
  const common = `private: true, keys: [ { secret: env:KEY } ], timeouts: { ${timeouts} }`
  const lines = Array.from({ length: providers }, (_, at) => [
    `  openai-${at}: { kind: openai, baseUrl: "${openai.url}/v1", ${common} }`,
    `  anthropic-${at}: { kind: anthropic, baseUrl: "${anthropic.url}", ${common} }`,
  ])
  const service = await startService({
    server: '  commit: { hold: 400ms }\n  timeouts: { ping: 300ms }\n',
    env: { KEY: 'sk-faulty-0123456789' },
    yaml: `providers:\n${lines.flat().join('\n')}\n`,
  })
  return {
    service,
    openai,
    anthropic,
    async stop() {
      await service.stop()
      await openai.close()
      await anthropic.close()
    },
  }
}

let simulated: Faulty
let url = ''
let provider = 0
beforeAll(async () => {
  simulated = await startFaulty('head: 5s, firstToken: 6s, idle: 1s, total: 20s')
  url = simulated.service.url
})
beforeEach(() => {
  provider = (provider + 1) % providers
})
afterEach(async () => {
  for (const dialect of dialects) simulated[dialect].setDefault(undefined)
  const { status } = await fetch(`${url}/health/live`)
  if (status !== 200) throw new Error(`Not alive: ${status}`)
})
afterAll(() => simulated.stop())

/** The fault for every attempt until it is lifted. */
function always(dialect: DialectName, behaviour: Behaviour | undefined): void {
  simulated[dialect].setDefault(behaviour)
}

async function errorsCounted(code: string): Promise<number> {
  const metrics = await metricsOf(simulated.service)
  return Number(new RegExp(`^ai_errors_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0)
}

function ask(
  dialect: DialectName,
  more: Readonly<Record<string, unknown>> = {},
  text = 'one two three four five six',
): Promise<Told> {
  return post(url, paths[dialect], chatBody(`${dialect}-${provider}/echo`, text, more))
}

describe.each(dialects)('F12 answers that are none, from %s', (dialect) => {
  const kinds = ['html', 'empty', 'binary', 'truncated-json', 'wrong-type', 'not-http', 'no-content'] as const
  test.each(kinds)('F12 %s is 502 in the client’s dialect, and the next request is served', async (what) => {
    for (const more of [{}, streaming]) {
      simulated[dialect].enqueue(...Array.from({ length: 3 }, (): Behaviour => ({ kind: 'garbage', what })))
      const before = simulated[dialect].requests.length
      const answer = await ask(dialect, more)
      expect(answer.status, answer.text).toBe(502)
      expect(answer.text).toMatch(
        /provider_(invalid_response|truncated|unreachable|failed)|unreadable|not be reached|not whole/,
      )
      expect(answer.headers.get('x-should-retry')).toBe('false')
      expect(simulated[dialect].requests.length - before).toBe(3)
      expect((await ask(dialect)).status).toBe(200)
    }
  })

  test.each(kinds)('F12 %s once is retried and never seen', async (what) => {
    for (const more of [{}, streaming]) {
      simulated[dialect].enqueue({ kind: 'garbage', what })
      const answer = await ask(dialect, more)
      expect([answer.status, answer.headers.get('x-ai-attempts')]).toEqual([200, '2'])
    }
  })
})

describe.each(dialects)('F12 error statuses of %s', (dialect) => {
  const table: readonly (readonly [number, number, number])[] = [
    // upstream status, client status, attempts
    [400, 400, 1],
    [413, 413, 1],
    [415, 415, 1],
    [422, 422, 1],
    [401, 502, 1],
    [403, 502, 1],
    [402, 502, 1],
    [404, 404, 1],
    [418, 400, 1],
    [408, 502, 3],
    [409, 502, 3],
    [500, 502, 3],
    [502, 502, 3],
    [503, 502, 3],
    [504, 502, 3],
    [529, 502, 3],
  ]
  test.each(table)('F1 F3 F4 %i becomes %i after %i attempts', async (status, expected, attempts) => {
    always(dialect, { kind: 'status', status })
    for (const more of [{}, streaming]) {
      provider = (provider + 1) % providers
      const before = simulated[dialect].requests.length
      const answer = await ask(dialect, more)
      expect(answer.status, answer.text).toBe(expected)
      expect(answer.text).not.toMatch(/stack|127\.0\.0\.1/)
      expect(simulated[dialect].requests.length - before).toBe(attempts)
      expect(answer.headers.get('x-should-retry')).toBe(
        expected === 400 || [413, 415, 422].includes(expected) ? null : 'false',
      )
    }
  })
})

describe('F2 429 from upstream', () => {
  test.each([
    ['seconds', { 'retry-after': '7' }, 6_500, 7_000],
    ['a date', () => ({ 'retry-after': new Date(Date.now() + 30_000).toUTCString() }), 28_000, 30_000],
    ['milliseconds', { 'retry-after-ms': '1234' }, 800, 1_234],
    ['seconds and milliseconds', { 'retry-after-ms': '2500', 'retry-after': '3' }, 2_000, 2_500],
    [
      'a reset of a counter at zero',
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m2s' },
      61_000,
      62_000,
    ],
    ['nothing', {}, 1, 1_000],
    ['nonsense', { 'retry-after': 'soon' }, 1, 1_000],
    ['a year', { 'retry-after': '31536000' }, 86_000_000, 86_400_000],
  ] as const)(
    'F2 with %s: 429 with exactly that, and nothing is asked meanwhile',
    async (_name, headers, least, most) => {
      always('openai', { kind: 'status', status: 429, headers: typeof headers === 'function' ? headers() : headers })
      const before = simulated.openai.requests.length
      const first = await ask('openai')
      const asked = simulated.openai.requests.length
      expect([first.status, asked - before]).toEqual([429, 1])
      const firstMs = Number(first.headers.get('retry-after-ms'))
      expect(firstMs).toBeGreaterThanOrEqual(least)
      expect(firstMs).toBeLessThanOrEqual(most)
      expect(first.headers.get('retry-after')).toBe(String(Math.ceil(firstMs / 1_000)))
      if (most < 2_000) return
      const second = await ask('openai')
      expect(second.status).toBe(429)
      expect(simulated.openai.requests.length).toBe(asked)
      expect(Number(second.headers.get('retry-after-ms'))).toBeLessThanOrEqual(firstMs)
      expect(Number(second.headers.get('retry-after-ms'))).toBeGreaterThan(firstMs - 2_000)
    },
  )
})

describe('T7 redirects', () => {
  test.each([301, 302, 303, 307, 308])(
    'T7 %i is not followed: 502, and nothing arrives at the other host',
    async (status) => {
      const other = simulated.anthropic
      const before = other.totalConnections()
      for (const more of [{}, streaming]) {
        simulated.openai.enqueue({ kind: 'redirect', status, location: `${other.url}/v1/chat/completions` })
        const answer = await ask('openai', more)
        expect([answer.status, answer.error.code]).toEqual([502, 'provider_redirected'])
        expect(answer.headers.get('location')).toBeNull()
        expect(answer.text).not.toContain('127.0.0.1')
      }
      expect(other.totalConnections()).toBe(before)
    },
  )
})

describe('T22 compressed answers', () => {
  test.each(['gzip', 'br', 'zstd'] as const)('T22 a %s bomb is refused and memory stays', async (encoding) => {
    for (const dialect of dialects) {
      await ask(dialect)
      const rss = residentBytes(simulated.service)
      for (const more of [{}, streaming]) {
        simulated[dialect].enqueue({ kind: 'gzip-bomb', encoding, inflatedBytes: 1_024 * MiB })
        const answer = await ask(dialect, more)
        // A stream's bomb is found out before any content, and retried unseen.
        if (answer.status === 200) expect(answer.headers.get('x-ai-attempts')).toBe('2')
        else expect(answer.text).toMatch(/provider_|exceeds a bound|unreadable/)
        expect(answer.text.length).toBeLessThan(4 * MiB)
        expect((await ask(dialect)).status).toBe(200)
      }
      expect(residentBytes(simulated.service) - rss).toBeLessThan(220 * MiB)
    }
  })
})

describe.each(dialects)('streams of %s that break', (dialect) => {
  const early: readonly (readonly [string, Behaviour])[] = [
    ['F1 status 503', { kind: 'status', status: 503 }],
    ['F8 a reset on connect', { kind: 'reset', at: 'connect' }],
    ['F8 a reset instead of the head', { kind: 'reset', at: 'head' }],
    ['F8 a reset right behind the head', { kind: 'reset', at: 'body' }],
    ['F9 an end right behind the head', { kind: 'cut', afterEvents: 0 }],
    ['F9 a clean end right behind the head', { kind: 'cut', afterEvents: 0, how: 'clean' }],
    ['F9 an undetectable end right behind the head', { kind: 'cut', afterEvents: 0, how: 'close-delimited' }],
    ['F9 a cut in the middle of the first event', { kind: 'cut', afterEvents: 0, midEvent: true }],
    ['F11 an error event first', { kind: 'error-in-stream', afterEvents: 0 }],
    ['F11 an error event behind the opening', { kind: 'error-in-stream', afterEvents: 1 }],
    ['F12 HTML', { kind: 'garbage', what: 'html' }],
  ]
  test.each(early)('B1 %s, before any content, is retried unseen', async (_name, behaviour) => {
    simulated[dialect].enqueue(behaviour)
    const answer = await ask(dialect, streaming)
    expect([answer.status, answer.headers.get('x-ai-attempts')]).toEqual([200, '2'])
    expect(looksComplete(answer.text)).toBe(true)
    expect(answer.text.match(/"(?:text|content)":"one/g)).toHaveLength(1)
  })

  const late: readonly (readonly [string, Behaviour, string])[] = [
    ['F8 a reset', { kind: 'reset', at: 'body', afterBytes: 1_400 }, 'provider_truncated'],
    ['F9 a FIN in the middle of an event', { kind: 'cut', afterEvents: 6, midEvent: true }, 'provider_truncated'],
    ['F9 a FIN between events', { kind: 'cut', afterEvents: 6 }, 'provider_truncated'],
    ['F9 a clean end without the terminal event', { kind: 'cut', afterEvents: 6, how: 'clean' }, 'provider_truncated'],
    [
      'F9 a close-delimited end without the terminal event',
      { kind: 'cut', afterEvents: 6, how: 'close-delimited' },
      'provider_truncated',
    ],
    [
      'F9 a close-delimited end in the middle of an event',
      { kind: 'cut', afterEvents: 6, midEvent: true, how: 'close-delimited' },
      'provider_truncated',
    ],
    ['F11 an error event', { kind: 'error-in-stream', afterEvents: 6 }, 'provider_overloaded'],
    ['F7 silence', { kind: 'half-open', afterEvents: 6 }, 'provider_timeout_idle'],
  ]
  test.each(late)(
    '%s behind content ends in the dialect’s error event, never as if whole, and is not retried',
    async (_name, behaviour, code) => {
      const before = simulated[dialect].requests.length
      const counted = await errorsCounted(code)
      simulated[dialect].enqueue(behaviour)
      const answer = await ask(dialect, streaming)
      expect([answer.status, answer.headers.get('x-ai-attempts')]).toEqual([200, '1'])
      expect(looksComplete(answer.text)).toBe(false)
      const last = errorIn(eventsIn(answer.text).at(-1) ?? '')
      expect(last.message, answer.text.slice(-600)).toBeDefined()
      if (dialect === 'anthropic') expect(answer.text.trimEnd().split('\n').at(-2)).toBe('event: error')
      else expect(last.code).toBe(code)
      expect(simulated[dialect].requests.length - before).toBe(1)
      const id = answer.headers.get('x-request-id')
      await eventually(
        () => logLines(simulated.service).some((line) => line['request_id'] === id && line['code'] === code),
        `a log line with ${code}`,
      )
      expect(await errorsCounted(code)).toBe(counted + 1)
    },
  )

  test('what the upstream sends behind the terminal event is dropped, and its connection not used again', async () => {
    const whole = await ask(dialect, streaming)
    const recorded = eventsIn(whole.text).map((data) => {
      const type = /^\{"type":"(\w+)"/.exec(data)?.[1]
      return type === undefined ? `data: ${data}\n\n` : `event: ${type}\ndata: ${data}\n\n`
    })
    simulated[dialect].enqueue({
      kind: 'raw',
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      chunks: [...recorded, 'data: {"behind":"the end"}\n\n'],
      intervalMs: 5,
    })
    const before = simulated[dialect].requests.length
    const answer = await ask(dialect, streaming)
    expect(looksComplete(answer.text)).toBe(true)
    expect(answer.text).not.toContain('behind')
    expect((await ask(dialect)).status).toBe(200)
    const [dirty, clean] = simulated[dialect].requests.slice(before)
    expect(clean?.socketId).not.toBe(dirty?.socketId)
  })

  test('B1 an upstream that only pings gets its head sent after the hold, with comments, and ends in a named timeout', async () => {
    simulated[dialect].enqueue({
      kind: 'raw',
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      chunks: Array.from({ length: 120 }, () =>
        dialect === 'anthropic' ? 'event: ping\ndata: {"type":"ping"}\n\n' : ': ping\n\n',
      ),
      intervalMs: 100,
    })
    const answer = await ask(dialect, streaming)
    expect(answer.status).toBe(200)
    expect(answer.text).toMatch(/^:|event: ping/m)
    expect(answer.text).toMatch(/provider_timeout_first_token|first token took too long/)
    expect(looksComplete(answer.text)).toBe(false)
  })

  test('B1 quiet bytes beyond 256 KiB open the gate, and memory stays', async () => {
    simulated[dialect].enqueue({
      kind: 'raw',
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      chunks: Array.from({ length: 10 }, () => `: ${'p'.repeat(64 * 1_024)}\n\n`),
    })
    const answer = await ask(dialect, streaming)
    expect([answer.status, answer.headers.get('x-ai-attempts')]).toEqual([200, '1'])
    expect(looksComplete(answer.text)).toBe(false)
    expect(answer.text).toMatch(/provider_truncated|before it was whole/)
  })

  test('F10 a line without an end is a bounded error', async () => {
    const rss = residentBytes(simulated.service)
    simulated[dialect].enqueue({
      kind: 'raw',
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      chunks: ['data: {"x":"', ...Array.from({ length: 128 }, () => 'a'.repeat(512 * 1_024))],
    })
    const answer = await ask(dialect, streaming)
    expect(looksComplete(answer.text)).toBe(false)
    expect(answer.text).toMatch(/provider_response_too_large|exceeds a bound/)
    expect(residentBytes(simulated.service) - rss).toBeLessThan(64 * MiB)
  })
})

describe.each(dialects)('F6 timers of %s', (dialect) => {
  const silent: Behaviour = { kind: 'delay', ms: 60_000 }
  const pinging: Behaviour = {
    kind: 'raw',
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    chunks: Array.from({ length: 100 }, () => ': ping\n\n'),
    intervalMs: 50,
  }
  test.each([
    ['head', 'head: 300ms', silent, streaming, /timeout_head|response head took too long/],
    ['first token', 'firstToken: 300ms', pinging, streaming, /timeout_first_token|first token took too long/],
    ['total', 'total: 500ms', silent, {}, /timeout_total|whole answer took too long/],
  ] as const)('F6 B9 the %s timer tells its name', async (_name, timeouts, behaviour, more, words) => {
    const faulty = await startFaulty(timeouts)
    faulty[dialect].setDefault(behaviour)
    const answer = await post(faulty.service.url, paths[dialect], chatBody(`${dialect}-0/echo`, 'x', more))
    await faulty.stop()
    expect(answer.status, answer.text).toBe(504)
    expect(answer.text).toMatch(words)
    expect(answer.headers.get('x-should-retry')).toBe('false')
  })

  test('B9 x-ai-timeout-ms bounds a whole answer', async () => {
    always(dialect, silent)
    const answer = await post(url, paths[dialect], chatBody(`${dialect}-${provider}/echo`), {
      'x-ai-timeout-ms': '300',
    })
    expect(answer.status, answer.text).toBe(504)
  })
})

describe('T10 responses that nobody asked for', () => {
  test('T10 an unsolicited response is never delivered to anybody', async () => {
    always('openai', { kind: 'unsolicited', text: 'POISON' })
    const asking = Array.from({ length: 40 }, (_, at) => ask('openai', at % 2 === 0 ? {} : streaming, `mark${at}end`))
    for (const [at, answer] of (await Promise.all(asking)).entries()) {
      expect(answer.text).not.toContain('POISON')
      if (answer.status === 200) expect(answer.text.includes(`mark${at}end`)).toBe(true)
    }
    for (let at = 0; at < 60; at++) {
      const answer = await ask('openai', {}, `later${at}end`)
      expect(answer.text).not.toContain('POISON')
      if (answer.status === 200) expect(answer.text).toContain(`later${at}end`)
    }
  })
})
