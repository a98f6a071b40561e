// iFLYTEK: Spark models; the key is the console's APIPassword.
import type { ProviderSpec } from './provider.ts'

// The last frame of a stream carries usage. System text and tools work on 4.0Ultra and Max only. Not verified:
// whether unknown fields are refused; those that the vendor does not name are left out and put on the ledger.
export const iflytekSpark: ProviderSpec = {
  name: 'iflytek-spark',
  label: 'iFLYTEK Spark',
  keyVariables: ['IFLYTEK_API_KEY'],
  baseUrlVariables: ['IFLYTEK_BASE_URL'],
  baseUrl: 'https://spark-api-open.xf-yun.com/v1',
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
  defaultChatModel: '4.0Ultra',
  source: 'https://www.xfyun.cn/doc/spark/HTTP%E8%B0%83%E7%94%A8%E6%96%87%E6%A1%A3.html',
  asOf: '2026-11-23',
}
