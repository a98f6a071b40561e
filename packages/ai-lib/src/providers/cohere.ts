// Cohere through its Compatibility API; its native v2 routes are another dialect.
import type { ProviderSpec } from './provider.ts'

// `parallel_tool_calls` is on the vendor's list of unsupported parameters, and of `reasoning_effort` only `none` and
// `high` are read. Not verified: `stream_options`. Users report that it is refused; a change of the vendor's docs of
// 2025-08 says that it is read by now.
export const cohere: ProviderSpec = {
  name: 'cohere',
  label: 'Cohere',
  keyVariables: ['COHERE_API_KEY', 'CO_API_KEY'],
  baseUrlVariables: ['COHERE_BASE_URL'],
  baseUrl: 'https://api.cohere.ai/compatibility/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'embeddings'] }],
  quirks: { streamUsage: 'never', maxTokensField: 'max_tokens', parallelToolCalls: false, reasoningEffort: false },
  defaultChatModel: 'command-a-03-2025',
  catalogueName: 'cohere',
  source: 'https://docs.cohere.com/docs/compatibility-api',
  asOf: '2026-11-23',
}
