// The audit log of the seed: metrics that log. There only counters and timers are drawn; here every event arrives.
import { AiClient, AuditMetrics, Message, Provider } from 'ai-lib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Simulated, startSimulated } from '../kit/simulated.ts'

interface Event {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

function recorder(): {
  readonly events: Event[]
  info(message: string, fields: Readonly<Record<string, unknown>>): void
} {
  const events: Event[] = []
  return { events, info: (message, fields) => void events.push({ message, fields }) }
}

it('logs counters with name and value, as in the seed', () => {
  const logger = recorder()
  new AuditMetrics(logger).incrCounter('requests', 3)
  expect(logger.events).toEqual([{ message: 'metric', fields: { type: 'counter', name: 'requests', value: 3 } }])
})

it('its timer logs once, when it stops', () => {
  const logger = recorder()
  let nowMs = 100
  const timer = new AuditMetrics(logger, () => nowMs).startTimer('request', { provider: 'openai' })
  nowMs = 142
  expect([timer.stop(), timer.stop()]).toEqual([42, 42])
  expect(logger.events).toEqual([
    { message: 'metric', fields: { type: 'timer', name: 'request', value: 42, provider: 'openai' } },
  ])
})

it('a tag cannot pass itself off as the event', () => {
  const logger = recorder()
  new AuditMetrics(logger).recordGauge('open', 1, { name: 'other', type: 'counter', value: '9' })
  expect(logger.events[0]?.fields).toEqual({ type: 'gauge', name: 'open', value: 1 })
})

describe('of a client', () => {
  let simulated: Simulated
  beforeAll(async () => {
    simulated = await startSimulated()
  })
  afterAll(() => simulated.stop())

  it('hears of answers, streams and errors, and of no word of them', async () => {
    const { openai } = simulated
    const logger = recorder()
    const metrics = new AuditMetrics(logger)
    const client = new AiClient(Provider.OpenAI, {
      baseUrl: `${openai.url}/v1`,
      apiKey: 'sk-seed-audit',
      maxRetries: 0,
      metrics,
    })
    const request = { model: 'echo', messages: [Message.user('a word: xylophagous')] }
    await client.chatCompletion(request)
    for await (const _ of client.chatCompletionStream(request)) continue
    openai.setDefault({ kind: 'status', status: 400 })
    await expect(client.chatCompletion(request)).rejects.toThrow()
    openai.setDefault(undefined)
    await client.close()
    const types = new Set(logger.events.map(({ fields }) => fields['type']))
    expect(types).toEqual(new Set(['counter', 'gauge', 'histogram', 'timer', 'success', 'error']))
    expect(logger.events.filter(({ fields }) => fields['type'] === 'timer')).toHaveLength(3)
    expect(JSON.stringify(logger.events)).not.toMatch(/xylophagous|sk-seed-audit/)
  })
})
