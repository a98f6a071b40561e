// DeepSeek: thinking models whose reasoning must travel back while tools are being called.
import type { ProviderSpec } from './provider.ts'

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
  ],
  quirks: { maxTokensField: 'max_tokens', reasoningField: 'reasoning_content', jsonSchema: false },
  defaultChatModel: 'deepseek-v4-flash',
  catalogueName: 'deepseek',
  source: 'https://api-docs.deepseek.com/api/create-chat-completion',
  asOf: '2026-11-23',
}
