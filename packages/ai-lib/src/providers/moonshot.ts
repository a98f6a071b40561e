// Moonshot: Kimi models, which refuse a turn with tool calls whose reasoning is missing.
import type { ProviderSpec } from './provider.ts'

// `max_completion_tokens` is the documented name. Kimi models fix temperature, top_p, n and the penalties themselves.
// Not verified: `json_schema`, and `parallel_tool_calls`; the first is asked for as `json_object`.
export const moonshot: ProviderSpec = {
  name: 'moonshot',
  label: 'Moonshot (Kimi)',
  keyVariables: ['MOONSHOT_API_KEY'],
  baseUrlVariables: ['MOONSHOT_BASE_URL'],
  baseUrl: 'https://api.moonshot.ai/v1',
  regions: { international: 'https://api.moonshot.ai/v1', china: 'https://api.moonshot.cn/v1' },
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat'] },
    { dialect: 'anthropic-messages', operations: ['messages'], originPath: '/anthropic' },
  ],
  quirks: { reasoningField: 'reasoning_content', jsonSchema: false },
  defaultChatModel: 'kimi-k2.6',
  catalogueName: 'moonshotai',
  source: 'https://platform.kimi.ai/docs/overview',
  asOf: '2026-11-23',
}
