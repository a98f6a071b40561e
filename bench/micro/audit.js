// What the audit trail costs the loop that serves requests: both records of one, written.
import { operations } from 'ai-lib/internal/dialects/registry'
import { RequestRecords } from '../../packages/ai-service/dist/audit/record.js'
import { smallBody } from '../side-by-side/bodies.js'
import { microsPer } from './timing.js'

const records = new RequestRecords({
  configVersion: '0123456789ab',
  excerpt: (text) => text,
  costMicroUsd: () => 123n,
  nowMs: () => Date.now(),
})
const exchange = {
  id: 'req_01m8a0b3zbvap0epct97np5e13',
  operation: operations.chat,
  path: '/v1/chat/completions',
  head: { forwarded: {}, strictLosses: false },
  caller: { keyId: 'bench', team: 'search' },
  asked: { head: operations.chat.wire.peek(Buffer.from(smallBody('bench/model'))) },
}
const usage = { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, audioInputTokens: 0, outputTokens: 20 }
const settlement = {
  end: 'completed',
  status: 200,
  metered: { kind: 'reported', usage: { ...usage, reasoningTokens: 0, audioOutputTokens: 0 } },
  attempts: [
    {
      endpoint: 'bench',
      provider: 'bench',
      model: 'model',
      keyFingerprint: '9df37f5e',
      outcome: 'answered',
      durationMs: 9,
    },
  ],
  provider: 'bench',
  endpoint: 'bench',
  model: 'model',
  losses: [],
  durationMs: 9.5,
  overheadMs: 0.5,
}

/** Rows of the micro bench: name, unit, measurement. */
export const auditBenches = [['audit: a start and an end written', 'request', () => microsPer(1, write)]]

function write() {
  records.start(exchange)
  records.end(exchange, settlement)
}
