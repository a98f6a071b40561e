// Hugging Face: a router in front of inference providers.
import type { ProviderSpec } from './provider.ts'

// Quirks differ by the provider behind the router; only the common form is claimed. The catalogue has prices per
// provider behind it, none for the router.
export const huggingface: ProviderSpec = {
  name: 'huggingface',
  label: 'Hugging Face',
  keyVariables: ['HF_TOKEN', 'HUGGINGFACE_API_KEY'],
  baseUrlVariables: ['HUGGINGFACE_BASE_URL'],
  baseUrl: 'https://router.huggingface.co/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat'] }],
  quirks: { maxTokensField: 'max_tokens' },
  defaultChatModel: 'openai/gpt-oss-120b',
  source: 'https://huggingface.co/docs/inference-providers/guides/gpt-oss',
  asOf: '2026-11-23',
}
