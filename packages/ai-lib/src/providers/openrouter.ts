// OpenRouter: one account for many vendors, with its own field for reasoning that must be handed back unchanged.
import type { ProviderSpec } from './provider.ts'

export const openrouter: ProviderSpec = {
  name: 'openrouter',
  label: 'OpenRouter',
  keyVariables: ['OPENROUTER_API_KEY'],
  baseUrlVariables: ['OPENROUTER_BASE_URL'],
  baseUrl: 'https://openrouter.ai/api/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'completions'] }],
  quirks: { maxTokensField: 'max_tokens', reasoningField: 'reasoning_details', cacheControl: true },
  defaultChatModel: 'anthropic/claude-sonnet-5',
  catalogueName: 'openrouter',
  source: 'https://openrouter.ai/docs/use-cases/reasoning-tokens',
  asOf: '2026-11-23',
}
