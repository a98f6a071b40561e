// OpenAI's usage figures overlap (prompt includes cached, completion includes reasoning); ours are disjoint.
import { arrayAt, isObject, numberAt, objectAt, tokensAt, type JsonObject } from '../../bytes/json-value.ts'
import { totalInput, totalOutput, type Usage } from '../../chat/usage.ts'

const none: JsonObject = {}

/**
 * A `usage` object in disjoint classes, or undefined where it names no count.
 * A part larger than its whole is clamped to it, so that a hostile figure never makes a class negative.
 */
export function readUsage(value: unknown): Usage | undefined {
  if (!isObject(value) || !hasCount(value)) return undefined
  const prompt = tokensAt(value, 'prompt_tokens')
  const completion = tokensAt(value, 'completion_tokens')
  return { ...readInput(value, prompt), ...readOutput(value, prompt, completion) }
}

function hasCount(usage: JsonObject): boolean {
  return ['prompt_tokens', 'completion_tokens', 'total_tokens'].some((key) => numberAt(usage, key) !== undefined)
}

type Input = Pick<Usage, 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'audioInputTokens'>
type Output = Pick<Usage, 'outputTokens' | 'reasoningTokens' | 'audioOutputTokens'>

function readInput(usage: JsonObject, prompt: number): Input {
  const details = objectAt(usage, 'prompt_tokens_details') ?? none
  // DeepSeek says `prompt_cache_hit_tokens`, Moonshot `cached_tokens` beside the totals.
  const cached =
    tokensAt(details, 'cached_tokens') || tokensAt(usage, 'prompt_cache_hit_tokens') || tokensAt(usage, 'cached_tokens')
  // OpenRouter and OpenAI say `cache_write_tokens`, LiteLLM `cache_creation_tokens`, Qwen `cache_creation_input_tokens`.
  const written =
    tokensAt(details, 'cache_write_tokens') ||
    tokensAt(details, 'cache_creation_tokens') ||
    tokensAt(details, 'cache_creation_input_tokens')
  let left = prompt
  const cacheReadTokens = Math.min(cached, left)
  left -= cacheReadTokens
  const cacheWriteTokens = Math.min(written, left)
  left -= cacheWriteTokens
  const audioInputTokens = Math.min(tokensAt(details, 'audio_tokens'), left)
  return { inputTokens: left - audioInputTokens, cacheReadTokens, cacheWriteTokens, audioInputTokens }
}

function readOutput(usage: JsonObject, prompt: number, completion: number): Output {
  const details = objectAt(usage, 'completion_tokens_details') ?? none
  const reasoning = tokensAt(details, 'reasoning_tokens') || tokensAt(usage, 'reasoning_tokens')
  // xAI counts reasoning beside the completion; only the total tells.
  const isBeside = reasoning > 0 && tokensAt(usage, 'total_tokens') === prompt + completion + reasoning
  const reasoningTokens = isBeside ? reasoning : Math.min(reasoning, completion)
  const left = isBeside ? completion : completion - reasoningTokens
  const audioOutputTokens = Math.min(tokensAt(details, 'audio_tokens'), left)
  return { outputTokens: left - audioOutputTokens, reasoningTokens, audioOutputTokens }
}

/** The usage of a chunk or answer, also where Groq (`x_groq`) or Moonshot (inside the choice) keep it. */
export function findUsage(answer: JsonObject): Usage | undefined {
  const direct = readUsage(answer['usage'])
  if (direct !== undefined) return direct
  const groq = objectAt(answer, 'x_groq')
  if (groq !== undefined) return readUsage(groq['usage'])
  const choice = arrayAt(answer, 'choices')?.[0]
  return isObject(choice) ? readUsage(choice['usage']) : undefined
}

/** Our usage as OpenAI's `usage` object. */
export function writeUsage(usage: Usage): JsonObject {
  const prompt = totalInput(usage)
  const completion = totalOutput(usage)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      audio_tokens: usage.audioInputTokens,
      ...(usage.cacheWriteTokens > 0 ? { cache_write_tokens: usage.cacheWriteTokens } : {}),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: usage.audioOutputTokens,
    },
  }
}
