// Together AI: open models.
import type { ProviderSpec } from './provider.ts'

// Its Messages and Responses routes are left out: the vendor supports them for some models only and says that others
// may answer malformed.
export const together: ProviderSpec = {
  name: 'together',
  label: 'Together AI',
  keyVariables: ['TOGETHER_API_KEY', 'TOGETHERAI_API_KEY'],
  baseUrlVariables: ['TOGETHER_BASE_URL'],
  baseUrl: 'https://api.together.xyz/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'completions', 'embeddings'] }],
  quirks: { maxTokensField: 'max_tokens' },
  defaultChatModel: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
  catalogueName: 'together',
  source: 'https://docs.together.ai/docs/inference/messages-api',
  asOf: '2026-11-23',
}
