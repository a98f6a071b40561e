// Anthropic: speaks its own dialect only. Its OpenAI-compatible endpoint is, in its own words, for comparing models.
import type { ProviderSpec } from './provider.ts'

export const anthropic: ProviderSpec = {
  name: 'anthropic',
  label: 'Anthropic',
  keyVariables: ['ANTHROPIC_API_KEY'],
  baseUrlVariables: ['ANTHROPIC_BASE_URL'],
  baseUrl: 'https://api.anthropic.com',
  auth: { header: 'x-api-key', prefix: '' },
  isKeyRequired: true,
  speaks: [{ dialect: 'anthropic-messages', operations: ['messages', 'count-tokens'] }],
  headers: { 'anthropic-version': '2023-06-01' },
  quirks: { cacheControl: true },
  defaultChatModel: 'claude-sonnet-5',
  catalogueName: 'anthropic',
  source: 'https://platform.claude.com/docs/en/api/overview',
  asOf: '2026-11-23',
}
