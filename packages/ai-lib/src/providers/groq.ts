// Groq: open models behind an OpenAI-compatible endpoint.
import type { ProviderSpec } from './provider.ts'

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
  defaultChatModel: 'llama-3.3-70b-versatile',
  catalogueName: 'groq',
  source: 'https://console.groq.com/docs/openai',
  asOf: '2026-11-23',
}
