// Cerebras: open models at high speed.
import type { ProviderSpec } from './provider.ts'

// Some models answer `parallel_tool_calls: false` with 400 (agno-agi/agno issue 4508), and `reasoning_content` in the
// history too.
export const cerebras: ProviderSpec = {
  name: 'cerebras',
  label: 'Cerebras',
  keyVariables: ['CEREBRAS_API_KEY'],
  baseUrlVariables: ['CEREBRAS_BASE_URL'],
  baseUrl: 'https://api.cerebras.ai/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'completions'] }],
  quirks: { parallelToolCalls: false },
  defaultChatModel: 'gpt-oss-120b',
  catalogueName: 'cerebras',
  source: 'https://inference-docs.cerebras.ai/resources/openai',
  asOf: '2026-11-23',
}
