// AI21: Jamba models.
import type { ProviderSpec } from './provider.ts'

// The reference names neither `stream_options`, `parallel_tool_calls` nor `json_schema`. Not verified: whether they
// are refused or ignored, and that the last event of a stream always carries usage.
export const ai21: ProviderSpec = {
  name: 'ai21',
  label: 'AI21',
  keyVariables: ['AI21_API_KEY'],
  baseUrlVariables: ['AI21_BASE_URL'],
  baseUrl: 'https://api.ai21.com/studio/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat'] }],
  quirks: {
    streamUsage: 'always',
    maxTokensField: 'max_tokens',
    jsonSchema: false,
    parallelToolCalls: false,
    reasoningEffort: false,
  },
  defaultChatModel: 'jamba-large',
  source: 'https://docs.ai21.com/reference/jamba-1-6-api-ref',
  asOf: '2026-11-23',
}
