// What tracing costs the loop that serves requests: a trace begun, and both spans of a request written.
import { operations } from 'ai-lib/internal/dialects/registry'
import { ExchangeSpans } from '../../packages/ai-service/dist/telemetry/traces/exchange-spans.js'
import { traceStart } from '../../packages/ai-service/dist/telemetry/traces/start-trace.js'
import { envelopeOf } from '../../packages/ai-service/dist/telemetry/traces/resource-text.js'
import { passTrace } from '../../packages/ai-service/dist/exchange/exchange-trace.js'
import { smallBody } from '../side-by-side/bodies.js'
import { microsPer } from './timing.js'

const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const start = traceStart({ share: 1, followsParent: true })
const spans = new ExchangeSpans({
  excerpt: (text) => text,
  endpoints: new Map([['bench', { providerName: 'bench', address: '127.0.0.1', port: 8080 }]]),
  scheme: 'http',
})
const attempts = [
  {
    endpoint: 'bench',
    provider: 'bench',
    model: 'model',
    keyFingerprint: '9df37f5e',
    outcome: 'answered',
    startedMs: 1,
    durationMs: 9,
  },
]
const facts = { id: 'chatcmpl-bench', model: 'model-2026', stops: ['stop'] }
const usage = { inputTokens: 10, cacheReadTokens: 5, cacheWriteTokens: 0, audioInputTokens: 0, outputTokens: 20 }
const exchange = {
  path: '/v1/chat/completions',
  operation: operations.chat,
  startedMs: 0.5,
  asked: { head: operations.chat.wire.peek(Buffer.from(smallBody('bench/model'))) },
}
const summary = {
  requestId: 'req_01m8a0b3zbvap0epct97np5e13',
  status: 200,
  outcome: 'completed',
  endpoint: 'bench',
  lane: 'splice',
  attempts,
  durationMs: 9.5,
  overheadMs: 0.5,
  usage: { ...usage, reasoningTokens: 0, audioOutputTokens: 0 },
  costMicroUsd: 123n,
  keyId: 'bench',
  team: 'search',
  configVersion: '0123456789ab',
  stream: false,
}
const { head, tail } = envelopeOf({ version: '1', instanceId: 'i', hostName: 'h', attributes: {} })

/** Rows of the micro bench: name, unit, measurement. */
export const traceBenches = [
  ['traces: off, and a traceparent came', 'request', () => microsPer(1, () => passTrace(parent, undefined))],
  ['traces: on, begun and both spans written', 'request', () => microsPer(1, write)],
  ['traces: the same, and sent in batches of 512', 'request', () => microsPer(256, sendBatch)],
]

function write() {
  const trace = start(undefined, undefined)
  return spans.write({ exchange, trace, summary, attempts, facts, epochMs: 1_795_643_227_000 })
}

function sendBatch() {
  const texts = []
  for (let at = 0; at < 256; at += 1) texts.push(write().text)
  if (Buffer.from(head + texts.join(',') + tail).length === 0) throw new Error('nothing was written')
}
