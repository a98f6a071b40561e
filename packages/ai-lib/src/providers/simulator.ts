// The built-in simulator: needs no key; its address is known when it has started.
import type { ProviderSpec } from './provider.ts'

// The base URL put in at start ends in /v1, as OpenAI's does; the anthropic routes carry their own /v1, hence the
// empty path from the origin.
export const simulator: ProviderSpec = {
  name: 'simulator',
  label: 'Simulator',
  keyVariables: [],
  baseUrlVariables: [],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: false,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat', 'completions', 'embeddings'] },
    { dialect: 'anthropic-messages', operations: ['messages', 'count-tokens'], originPath: '' },
    { dialect: 'openai-responses', operations: ['responses'] },
  ],
  headers: { 'anthropic-version': '2023-06-01' },
  quirks: { cacheControl: true },
  defaultChatModel: 'echo',
  models: ['echo', 'echo-reasoning', 'script', 'embed'],
  source: 'packages/simulator',
  asOf: '2026-11-23',
}
