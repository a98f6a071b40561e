// Qwen through the OpenAI-compatible mode of Alibaba Cloud Model Studio.
import type { ProviderSpec } from './provider.ts'

// `json_schema` is read by the newest models only, so it is asked for as `json_object`. Keys belong to one region.
// Not verified: `reasoning_effort` on older models. The vendor now recommends hosts per workspace: set them as the
// base URL.
export const qwen: ProviderSpec = {
  name: 'qwen',
  label: 'Qwen (Alibaba Cloud Model Studio)',
  keyVariables: ['DASHSCOPE_API_KEY', 'QWEN_API_KEY'],
  baseUrlVariables: ['DASHSCOPE_BASE_URL'],
  baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
  regions: {
    china: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    international: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    us: 'https://dashscope-us.aliyuncs.com/compatible-mode/v1',
  },
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'embeddings'] }],
  quirks: { maxTokensField: 'max_tokens', jsonSchema: false },
  defaultChatModel: 'qwen-plus',
  source: 'https://www.alibabacloud.com/help/en/model-studio/api-compatibility-upgrade-notice',
  asOf: '2026-11-23',
}
