// Gemini through Google's OpenAI-compatible endpoint, which takes the key as a bearer token.
import type { ProviderSpec } from './provider.ts'

// Thought signatures of tool calls travel in `extra_content`, which no quirk carries yet: a translated conversation
// loses them. Not verified: whether `parallel_tool_calls` is read today; in 2024 it was refused
// (jackmpcollins/magentic pull request 382).
export const gemini: ProviderSpec = {
  name: 'gemini',
  label: 'Google Gemini',
  keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  baseUrlVariables: ['GEMINI_BASE_URL', 'GOOGLE_GEMINI_BASE_URL'],
  baseUrl: 'https://generativelanguage.googleapis.com',
  auth: { header: 'authorization', prefix: 'Bearer ' },
  isKeyRequired: true,
  speaks: [{ dialect: 'openai-chat', operations: ['chat', 'embeddings'], originPath: '/v1beta/openai' }],
  quirks: { maxTokensField: 'max_tokens' },
  defaultChatModel: 'gemini-3.8-flash',
  catalogueName: 'google',
  source: 'https://ai.google.dev/gemini-api/docs/openai',
  asOf: '2026-11-23',
}
