// Tencent: Hunyuan models.
import type { ProviderSpec } from './provider.ts'

// Not verified beyond chat with `stream_options`, tools and embeddings: what the vendor does not name is left out and
// put on the ledger.
export const tencentHunyuan: ProviderSpec = {
  name: 'tencent-hunyuan',
  label: 'Tencent Hunyuan',
  keyVariables: ['TENCENT_HUNYUAN_API_KEY'],
  baseUrlVariables: ['TENCENT_HUNYUAN_BASE_URL'],
  baseUrl: 'https://api.hunyuan.cloud.tencent.com/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'embeddings'] }],
  quirks: { maxTokensField: 'max_tokens', jsonSchema: false, parallelToolCalls: false, reasoningEffort: false },
  defaultChatModel: 'hunyuan-turbos-latest',
  source: 'https://cloud.tencent.com/document/product/1729/111007',
  asOf: '2026-11-23',
}
