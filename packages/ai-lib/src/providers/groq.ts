// Groq: open models, strict about unknown fields.
import type { ProviderSpec } from './provider.ts'

// No field for past reasoning: `reasoning_content` is answered with 400, `reasoning` too except on some models
// (vercel/ai pull request 8057). The catalogue still prices llama-3.3-70b-versatile, which was switched off on
// 2026-08-16 (jiru-labs/proofkey release 0.1.18).
export const groq: ProviderSpec = {
  name: 'groq',
  label: 'Groq',
  keyVariables: ['GROQ_API_KEY'],
  baseUrlVariables: ['GROQ_BASE_URL'],
  baseUrl: 'https://api.groq.com/openai/v1',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat'] }],
  quirks: {},
  defaultChatModel: 'openai/gpt-oss-120b',
  catalogueName: 'groq',
  source: 'https://console.groq.com/docs/api-reference',
  asOf: '2026-11-23',
}
