// DeepSeek: thinking models whose reasoning must travel back while tools are being called.
import type { ProviderSpec } from './provider.ts'

// Without `reasoning_content` on a turn that called tools the next request is answered with 400. The anthropic side
// takes the same bearer key. Not verified: whether `parallel_tool_calls` is read; the API reference does not name it.
export const deepseek: ProviderSpec = {
  name: 'deepseek',
  label: 'DeepSeek',
  keyVariables: ['DEEPSEEK_API_KEY'],
  baseUrlVariables: ['DEEPSEEK_BASE_URL'],
  baseUrl: 'https://api.deepseek.com',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat'] },
    { dialect: 'anthropic-messages', operations: ['messages'], originPath: '/anthropic' },
    { dialect: 'openai-responses', operations: ['responses'] },
  ],
  quirks: { maxTokensField: 'max_tokens', reasoningField: 'reasoning_content', jsonSchema: false },
  defaultChatModel: 'deepseek-v4-flash',
  catalogueName: 'deepseek',
  source: 'https://api-docs.deepseek.com/guides/thinking_mode and /guides/responses_api',
  asOf: '2026-11-23',
}
