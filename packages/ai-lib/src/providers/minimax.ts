// MiniMax: M-series models, which want their whole reasoning back.
import type { ProviderSpec } from './provider.ts'

// Over chat the reasoning stands inside the content as `<think>` unless the request says `reasoning_split: true`,
// which no quirk sends yet; the anthropic side always separates it. `max_tokens` is deprecated. Not verified:
// `json_schema` on current models.
export const minimax: ProviderSpec = {
  name: 'minimax',
  label: 'MiniMax',
  keyVariables: ['MINIMAX_API_KEY'],
  baseUrlVariables: ['MINIMAX_BASE_URL'],
  baseUrl: 'https://api.minimax.io/v1',
  regions: { international: 'https://api.minimax.io/v1', china: 'https://api.minimaxi.com/v1' },
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat'] },
    { dialect: 'anthropic-messages', operations: ['messages'], originPath: '/anthropic' },
  ],
  quirks: { reasoningField: 'reasoning_details', jsonSchema: false },
  defaultChatModel: 'MiniMax-M3',
  catalogueName: 'minimax',
  source: 'https://platform.minimax.io/docs/api-reference/text-openai-api and /text-anthropic-api',
  asOf: '2026-11-23',
}
