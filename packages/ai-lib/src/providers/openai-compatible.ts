// Any server that speaks the chat dialect of OpenAI where config says: vLLM, SGLang, LM Studio, llama.cpp, LocalAI.
import type { ProviderSpec } from './provider.ts'

/**
 * The facts of a provider of `kind: openai-compatible`. Such servers follow the widest common form, so the quirks are
 * the oldest spelling that all of them read.
 */
export function openaiCompatible(name: string): ProviderSpec {
  return {
    name,
    label: name,
    keyVariables: [],
    baseUrlVariables: [],
    auth: { header: 'authorization', prefix: 'Bearer ' },
    isKeyRequired: false,
    speaks: [{ dialect: 'openai-chat', operations: ['chat', 'completions', 'embeddings'] }],
    quirks: { maxTokensField: 'max_tokens' },
    source: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
    asOf: '2026-11-23',
  }
}
