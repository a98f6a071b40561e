// Fireworks AI: open models whose names carry an account path.
import type { ProviderSpec } from './provider.ts'

// Not verified: `parallel_tool_calls` on every model.
export const fireworks: ProviderSpec = {
  name: 'fireworks',
  label: 'Fireworks AI',
  keyVariables: ['FIREWORKS_API_KEY'],
  baseUrlVariables: ['FIREWORKS_BASE_URL'],
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'completions', 'embeddings'] }],
  quirks: { maxTokensField: 'max_tokens', reasoningField: 'reasoning_content' },
  defaultChatModel: 'accounts/fireworks/models/gpt-oss-120b',
  catalogueName: 'fireworks',
  source: 'https://docs.fireworks.ai/guides/reasoning and /tools-sdks/openai-compatibility',
  asOf: '2026-11-23',
}
