// OpenAI: the reference for its own dialects.
import type { ProviderSpec } from './provider.ts'

// Reasoning models refuse `max_tokens`; `max_completion_tokens`, our default, is read by every chat model of theirs.
export const openai: ProviderSpec = {
  name: 'openai',
  label: 'OpenAI',
  keyVariables: ['OPENAI_API_KEY'],
  baseUrlVariables: ['OPENAI_BASE_URL'],
  baseUrl: 'https://api.openai.com/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat', 'completions', 'embeddings'] },
    { dialect: 'openai-responses', operations: ['responses'] },
  ],
  quirks: {},
  defaultChatModel: 'gpt-5.4-mini',
  catalogueName: 'openai',
  source: 'OpenAI API description 2.3.0 (openai.openapi.json, MIT)',
  asOf: '2026-11-23',
}
