// Token figures of the Responses API, taken apart into disjoint classes.
import { isObject, type JsonValue, objectAt, tokensAt } from '../../bytes/json-value.ts'
import type { Usage } from '../../chat/usage.ts'

const empty = {}

/** `input_tokens` includes the cached and the cache-written ones, `output_tokens` the reasoning ones. */
export function readUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined
  const input = objectAt(value, 'input_tokens_details') ?? empty
  const output = objectAt(value, 'output_tokens_details') ?? empty
  const inputTokens = tokensAt(value, 'input_tokens')
  const outputTokens = tokensAt(value, 'output_tokens')
  // A part larger than its whole is a provider's slip: no class may then count more than the whole.
  const cacheReadTokens = Math.min(tokensAt(input, 'cached_tokens'), inputTokens)
  const cacheWriteTokens = Math.min(tokensAt(input, 'cache_write_tokens'), inputTokens - cacheReadTokens)
  const reasoningTokens = Math.min(tokensAt(output, 'reasoning_tokens'), outputTokens)
  return {
    inputTokens: inputTokens - cacheReadTokens - cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    audioInputTokens: 0,
    outputTokens: outputTokens - reasoningTokens,
    reasoningTokens,
    audioOutputTokens: 0,
  }
}
