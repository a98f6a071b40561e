// Perplexity: answers grounded in a web search.
import type { ProviderSpec } from './provider.ts'

// The vendor supported Sonar's chat route until 2026-09-27 and points to its Agent API, which speaks Responses under
// /v1. Not verified: how long the chat route goes on answering. Every chunk of its streams carries usage (recorded
// answers).
export const perplexity: ProviderSpec = {
  name: 'perplexity',
  label: 'Perplexity',
  keyVariables: ['PERPLEXITY_API_KEY'],
  baseUrlVariables: ['PERPLEXITY_BASE_URL'],
  baseUrl: 'https://api.perplexity.ai',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat'] },
    { dialect: 'openai-responses', operations: ['responses'], originPath: '/v1' },
  ],
  quirks: { streamUsage: 'always', maxTokensField: 'max_tokens', parallelToolCalls: false },
  defaultChatModel: 'sonar',
  catalogueName: 'perplexity',
  source: 'https://docs.perplexity.ai/docs/sonar/openai-compatibility and /docs/agent-api/migrate-from-sonar/overview',
  asOf: '2026-11-23',
}
