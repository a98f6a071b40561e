// Records of requests: canonical as they are written by hand, closed, redacted, and without any content.
import type { AttemptRecord } from 'ai-lib/internal/attempts/attempt-record'
import { noUsage } from 'ai-lib/internal/chat/usage'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { expect, it } from 'vitest'
import { exchangeOf, settlement } from '../exchange/exchange.test.kit.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Draft } from './draft.ts'
import { RequestRecords } from './record.ts'
import { noHash, seal } from './seal.ts'

const records = new RequestRecords({
  configVersion: 'abc123',
  excerpt: (text, most) => {
    const shown = text.replaceAll('sk-secret', '[redacted]')
    return shown.length > most ? `${shown.slice(0, most)}…` : shown
  },
  costMicroUsd: () => 125n,
  nowMs: () => Date.parse('2026-06-01T00:00:00.123Z'),
})

function sealed(draft: Draft): Record<string, unknown> {
  const { text } = seal(draft, { writer: 'w_1', seq: 1, previous: noHash })
  const record = JSON.parse(text) as Record<string, unknown>
  expect(canonicalJson(record)).toBe(text)
  return record
}

const attempt: AttemptRecord = {
  endpoint: 'east',
  provider: 'openai',
  model: 'gpt-x',
  keyFingerprint: '9df37f5e',
  outcome: 'answered',
  phase: 'head',
  status: 200,
  startedMs: 0,
  durationMs: 12.345_678,
}

async function exchange(head = {}) {
  const asked = exchangeOf({ user: 'o\u0000"é', tags: { b: 'x', a: 'sk-secret' }, ...head })
  asked.caller = { keyId: 'k1', team: 'search' }
  await asked.read()
  return asked
}

it('a start says who asked for what, and nothing of what was said', async () => {
  expect(sealed(records.start(await exchange()))).toEqual({
    actor: { key_id: 'k1', team: 'search', user: 'o\u0000"é' },
    config_version: 'abc123',
    dialect: 'openai-chat',
    hash: expect.any(String),
    kind: 'start',
    message_count: 0,
    model: { asked: 'm' },
    prev_hash: noHash,
    request_id: 'r1',
    route: '/v1/chat/completions',
    seq: 1,
    stream: false,
    tags: { a: '[redacted]', b: 'x' },
    time: '2026-06-01T00:00:00.123Z',
    tools_count: 0,
    writer: 'w_1',
  })
})

it('an end says how it went, whole and canonical', async () => {
  const end = records.end(await exchange(), {
    ...settlement,
    metered: {
      kind: 'reported',
      usage: {
        ...noUsage,
        inputTokens: 5,
        audioInputTokens: 1,
        outputTokens: 7,
        reasoningTokens: 2,
        cacheReadTokens: 3,
      },
    },
    attempts: [{ ...attempt, outcome: 'overloaded', status: 503 }, attempt],
    provider: 'openai',
    endpoint: 'east',
    model: 'gpt-x',
    durationMs: 20.000_4,
    ttftMs: 3.5,
  })
  expect(sealed(end)).toMatchObject({
    attempts: [
      {
        endpoint: 'east',
        key_fingerprint: '9df37f5e',
        ms: 12.346,
        outcome: 'overloaded',
        phase: 'head',
        provider: 'openai',
        status: 503,
      },
      { outcome: 'answered', status: 200 },
    ],
    cost_usd: 0.000_125,
    endpoint: 'east',
    key_fingerprint: '9df37f5e',
    kind: 'end',
    latency_ms: 20,
    model: { asked: 'm', used: 'gpt-x' },
    outcome: 'completed',
    provider: 'openai',
    tokens: { cache_read: 3, cache_write: 0, input: 6, output: 7, reasoning: 2 },
    ttft_ms: 3.5,
    usage_source: 'reported',
  })
})

it('a refused request has its code, and no tokens that nobody reported', async () => {
  const error = new AiError('provider_overloaded', { message: 'with words of the provider' })
  const record = sealed(records.end(await exchange(), { ...settlement, end: 'failed', error }))
  expect(record).toMatchObject({
    error_code: 'provider_overloaded',
    outcome: 'failed',
    usage_source: 'unknown',
    attempts: [],
  })
  expect(record).not.toHaveProperty('tokens')
  expect(record).not.toHaveProperty('cost_usd')
  expect(JSON.stringify(record)).not.toContain('words of the provider')
})

it('a name that is no whole text, or very long, is kept readable and bounded', async () => {
  const record = sealed(records.start(await exchange({ user: `\ud800${'u'.repeat(1_000)}` })))
  expect((record['actor'] as { user: string }).user).toMatch(/^\ufffdu{255}…$/)
})
