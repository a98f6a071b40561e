// Ollama on this machine; its cloud takes a key.
import type { ProviderSpec } from './provider.ts'

// The models are those that were pulled, so there is no default. `parallel_tool_calls` is not on the vendor's list of
// request fields.
export const ollama: ProviderSpec = {
  name: 'ollama',
  label: 'Ollama',
  keyVariables: ['OLLAMA_API_KEY'],
  baseUrlVariables: ['OLLAMA_BASE_URL'],
  baseUrl: 'http://localhost:11434/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: false,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'completions', 'embeddings'] }],
  quirks: { maxTokensField: 'max_tokens', parallelToolCalls: false },
  source: 'https://docs.ollama.com/api/openai-compatibility',
  asOf: '2026-11-23',
}
