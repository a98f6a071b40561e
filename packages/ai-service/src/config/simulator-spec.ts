// The built-in simulator as a provider: all dialects that this version speaks, no key, an address once it runs.
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'

export const simulatorSpec: ProviderSpec = {
  name: 'simulator',
  label: 'Built-in simulator',
  keyVariables: [],
  baseUrlVariables: [],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: false,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat', 'completions', 'embeddings'] },
    { dialect: 'openai-responses', operations: ['responses'] },
    { dialect: 'anthropic-messages', operations: ['messages', 'count-tokens'], originPath: '' },
  ],
  quirks: {},
  defaultChatModel: 'echo',
  source: 'packages/simulator of this project',
  asOf: '2026-11-23',
}
