// One exchange as tests need it: complete, and changed where a test says so.
import type { ExchangeSummary } from './exchange-summary.ts'

export function summary(changes: Partial<ExchangeSummary> = {}): ExchangeSummary {
  return {
    requestId: 'req_1',
    dialect: 'openai-chat',
    route: '/v1/chat/completions',
    provider: 'openai',
    model: 'gpt-4o',
    endpoint: 'east',
    lane: 'pass',
    status: 200,
    outcome: 'completed',
    attempts: [
      {
        endpoint: 'east',
        provider: 'openai',
        outcome: 'answered',
        status: 200,
        durationMs: 800,
        keyFingerprint: 'deadbeef',
      },
    ],
    durationMs: 812.34567,
    overheadMs: 0.2,
    ttftMs: 220,
    interTokenMs: 14,
    usage: {
      inputTokens: 100,
      cacheReadTokens: 10,
      cacheWriteTokens: 4,
      audioInputTokens: 3,
      outputTokens: 50,
      reasoningTokens: 20,
      audioOutputTokens: 7,
    },
    usageSource: 'reported',
    losses: [],
    keyId: 'k1',
    user: 'alice',
    team: 'search',
    stream: true,
    configVersion: 'c0ffee',
    ...changes,
  }
}
