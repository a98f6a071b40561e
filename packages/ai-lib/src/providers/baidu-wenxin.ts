// Baidu: ERNIE and others through Qianfan v2, whose key is one bearer token.
import type { ProviderSpec } from './provider.ts'

// Not verified: which models still answer under their older names, `max_completion_tokens`, and past reasoning. The
// catalogue has no prices.
export const baiduWenxin: ProviderSpec = {
  name: 'baidu-wenxin',
  label: 'Baidu Wenxin (Qianfan)',
  keyVariables: ['QIANFAN_API_KEY', 'BAIDU_WENXIN_API_KEY', 'BAIDU_API_KEY'],
  baseUrlVariables: ['BAIDU_WENXIN_BASE_URL'],
  baseUrl: 'https://qianfan.baidubce.com/v2',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'embeddings'] }],
  quirks: { maxTokensField: 'max_tokens' },
  defaultChatModel: 'ernie-5.1',
  source: 'https://cloud.baidu.com/doc/qianfan/s/rmh4stn9m',
  asOf: '2026-11-23',
}
