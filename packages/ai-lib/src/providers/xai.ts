// xAI (Grok).
import type { ProviderSpec } from './provider.ts'

// Not verified: whether past `reasoning_content` is read, and on which models `reasoning_effort` is refused.
export const xai: ProviderSpec = {
  name: 'xai',
  label: 'xAI',
  keyVariables: ['XAI_API_KEY', 'GROK_API_KEY'],
  baseUrlVariables: ['XAI_BASE_URL'],
  baseUrl: 'https://api.x.ai/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat'] },
    { dialect: 'openai-responses', operations: ['responses'] },
  ],
  quirks: {},
  defaultChatModel: 'grok-4.3',
  catalogueName: 'x-ai',
  source: 'https://docs.x.ai/docs/migration/may-15-retirement',
  asOf: '2026-11-23',
}
