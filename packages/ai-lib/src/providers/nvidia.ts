// NVIDIA: the hosted catalogue of NIM endpoints.
import type { ProviderSpec } from './provider.ts'

// Quirks differ by the model behind the endpoint; only the common form is claimed. Its embeddings want an
// `input_type`, so they are left out.
export const nvidia: ProviderSpec = {
  name: 'nvidia',
  label: 'NVIDIA',
  keyVariables: ['NVIDIA_API_KEY'],
  baseUrlVariables: ['NVIDIA_BASE_URL'],
  baseUrl: 'https://integrate.api.nvidia.com/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat'] }],
  quirks: { maxTokensField: 'max_tokens', parallelToolCalls: false, reasoningEffort: false },
  defaultChatModel: 'meta/llama-3.3-70b-instruct',
  source: 'https://docs.nvidia.com/nim/large-language-models/latest/api-reference.html',
  asOf: '2026-11-23',
}
