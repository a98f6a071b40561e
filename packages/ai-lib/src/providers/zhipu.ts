// Zhipu: GLM models, which report usage in streams without being asked.
import type { ProviderSpec } from './provider.ts'

// Only `max_tokens` is read, `stream_options` and `json_schema` are not; tool_choice is `auto` whatever is asked for.
// No prices: the catalogue's are in dollars for the international address, this one bills in yuan. Not verified:
// whether dropped fields are refused or ignored.
export const zhipu: ProviderSpec = {
  name: 'zhipu',
  label: 'Zhipu (GLM)',
  keyVariables: ['ZHIPU_API_KEY'],
  baseUrlVariables: ['ZHIPU_BASE_URL'],
  baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
  regions: { china: 'https://open.bigmodel.cn/api/paas/v4', international: 'https://api.z.ai/api/paas/v4' },
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'embeddings'] }],
  quirks: {
    streamUsage: 'always',
    maxTokensField: 'max_tokens',
    reasoningField: 'reasoning_content',
    jsonSchema: false,
    parallelToolCalls: false,
  },
  defaultChatModel: 'glm-5.2',
  source: 'https://java.agentscope.io/v2/en/integration/model/glm, after https://docs.bigmodel.cn',
  asOf: '2026-11-23',
}
