// Posts of key events: signed, in order, tried again, bounded, and never in anybody's way.
import { createHmac } from 'node:crypto'
import type { Clock } from 'ai-lib/internal/attempts/clock'
import { Secret } from 'ai-lib/internal/errors/secret'
import type { Channel, UpstreamRequest, UpstreamSink } from 'ai-lib/internal/transport/transport'
import { expect, test, vi } from 'vitest'
import type { ProviderKeyEvent } from './key-feed.ts'
import { KeyWebhook, signatureOf } from './key-webhook.ts'

const secret = new Secret('hook-secret')
const out = (key: string): ProviderKeyEvent => ({
  timeMs: 0,
  provider: 'openai',
  event: { type: 'key-out', key, fingerprint: 'abcd1234', reason: 'quarantined', stage: 'current' },
})

type Answer = (sink: UpstreamSink) => void
const status =
  (code: number): Answer =>
  (sink) => {
    sink.head(code, {})
    sink.end()
  }

/** The n-th post gets the n-th answer; the last one repeats. `never` keeps it waiting. */
function opened(...answers: readonly (Answer | 'never')[]) {
  const sent: UpstreamRequest[] = []
  const lost: string[] = []
  const slept: number[] = []
  let isClosed = false
  const channel = {
    send(request: UpstreamRequest, sink: UpstreamSink) {
      const answer = answers[sent.length] ?? answers.at(-1) ?? status(200)
      sent.push(request)
      if (answer !== 'never') queueMicrotask(() => answer(sink))
      return { pause: () => undefined, resume: () => undefined, destroy: () => undefined }
    },
    close: async () => {
      isClosed = true
      await Promise.resolve()
    },
  } as unknown as Channel
  const clock: Clock = {
    nowMs: () => 0,
    dateMs: () => 1_700_000_000_000,
    sleep: async (ms) => {
      slept.push(ms)
      await Promise.resolve()
    },
  }
  const webhook = new KeyWebhook({
    channel,
    path: '/hook',
    secret,
    timeoutMs: 1_000,
    clock,
    random: () => 1,
    onLost: (why) => void lost.push(why),
  })
  return { webhook, sent, lost, slept, isClosed: () => isClosed }
}

const bodyOf = (request: UpstreamRequest | undefined): Record<string, unknown> =>
  JSON.parse(String(request?.body)) as Record<string, unknown>

test('the signature is over the time and the bytes', () => {
  const mac = createHmac('sha256', 'hook-secret').update('1700000000.{"a":1}').digest('hex')
  expect(signatureOf(secret, 1_700_000_000, '{"a":1}')).toBe(`t=1700000000,v1=${mac}`)
})

test('what fails is tried again with growing pauses, and what follows waits its turn', async () => {
  const { webhook, sent, lost, slept } = opened(status(503), status(429), status(204))
  webhook.tell(out('a'))
  webhook.tell(out('b'))
  await vi.waitFor(() => expect(webhook.depth).toBe(0))
  expect(sent.map((request) => bodyOf(request)['key'])).toEqual(['a', 'a', 'a', 'b'])
  expect(slept.slice(0, 2)).toEqual([1_000, 2_000])
  expect(lost).toEqual([])
})

test.each([
  ['a refusal', status(404), 1, 'answered with status 404'],
  ['a redirect', status(302), 1, 'answered with status 302'],
  ['an outage', status(500), 5, 'answered with status 500'],
])('%s is given up and told', async (_, answer, posts, why) => {
  const { webhook, sent, lost } = opened(answer)
  webhook.tell(out('a'))
  await vi.waitFor(() => expect(webhook.depth).toBe(0))
  expect(sent).toHaveLength(posts)
  expect(lost).toEqual([why])
})

test('a hundred wait at most; the oldest goes first', () => {
  const { webhook, lost } = opened('never')
  for (let index = 0; index < 150; index++) webhook.tell(out(`k${index}`))
  expect(webhook.depth).toBe(100)
  expect(lost).toHaveLength(50)
})

test('rests and probations are nobody’s news', () => {
  const { webhook, sent } = opened()
  const about = { key: 'a', fingerprint: 'abcd1234' }
  webhook.tell({ ...out('a'), event: { type: 'key-cooled', ...about, untilMs: 1 } })
  webhook.tell({ ...out('a'), event: { type: 'key-joined', ...about } })
  webhook.tell({ ...out('a'), event: { type: 'key-recovered', ...about, after: 'cooling' } })
  webhook.tell({ ...out('a'), event: { type: 'refresh-failed', ...about, why: 'is away', inARow: 2 } })
  expect(sent).toHaveLength(0)
})

test('closing waits a short while for a receiver that does not answer, and no longer', async () => {
  const { webhook, slept, isClosed } = opened('never')
  webhook.tell(out('a'))
  await webhook.close()
  expect(slept).toEqual([2_000])
  expect(isClosed()).toBe(true)
})
