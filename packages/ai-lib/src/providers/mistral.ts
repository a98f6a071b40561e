// Mistral: refuses what it does not know with 422, and reports usage in streams without being asked.
import type { ProviderSpec } from './provider.ts'

// `stream_options` is answered with 422 `extra_forbidden` (avante-corp/avante.nvim issue 2347); the last chunk carries
// usage anyway. Not verified: which current models read `reasoning_effort`, and which values; it is left out and put
// on the ledger.
export const mistral: ProviderSpec = {
  name: 'mistral',
  label: 'Mistral',
  keyVariables: ['MISTRAL_API_KEY'],
  baseUrlVariables: ['MISTRAL_BASE_URL'],
  baseUrl: 'https://api.mistral.ai/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'embeddings'] }],
  quirks: { streamUsage: 'always', maxTokensField: 'max_tokens', reasoningEffort: false },
  defaultChatModel: 'mistral-medium-latest',
  catalogueName: 'mistral',
  source: 'https://docs.mistral.ai/api/',
  asOf: '2026-11-23',
}
