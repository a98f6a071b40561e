// Usage between this dialect's figures and disjoint classes: `input_tokens` counts no cached tokens here.
import { type JsonObject, objectAt, tokensAt } from '../../bytes/json-value.ts'
import type { Usage } from '../../chat/usage.ts'

/** Merges the usage objects of one answer: `message_start` tells the input, `message_delta` the output, cumulative. */
export class UsageMeter {
  #isReported = false
  #input = 0
  #cacheRead = 0
  #cacheWrite = 0
  #output = 0
  #thinking = 0

  /** The last figures win. A 0 means "not told again" and does not erase an earlier figure: some providers send it so. */
  merge(usage: JsonObject | undefined): void {
    if (usage === undefined) return
    this.#isReported = true
    this.#input = tokensAt(usage, 'input_tokens') || this.#input
    this.#cacheRead = tokensAt(usage, 'cache_read_input_tokens') || this.#cacheRead
    this.#cacheWrite = cacheWriteOf(usage) || this.#cacheWrite
    this.#output = tokensAt(usage, 'output_tokens') || this.#output
    this.#thinking = tokensAt(objectAt(usage, 'output_tokens_details') ?? {}, 'thinking_tokens') || this.#thinking
  }

  get usage(): Usage | undefined {
    if (!this.#isReported) return undefined
    // Thinking is billed as output and counted inside `output_tokens`.
    const reasoning = Math.min(this.#thinking, this.#output)
    return {
      inputTokens: this.#input,
      cacheReadTokens: this.#cacheRead,
      cacheWriteTokens: this.#cacheWrite,
      audioInputTokens: 0,
      outputTokens: this.#output - reasoning,
      reasoningTokens: reasoning,
      audioOutputTokens: 0,
    }
  }
}

function cacheWriteOf(usage: JsonObject): number {
  const total = tokensAt(usage, 'cache_creation_input_tokens')
  const byTtl = objectAt(usage, 'cache_creation')
  if (total > 0 || byTtl === undefined) return total
  return tokensAt(byTtl, 'ephemeral_5m_input_tokens') + tokensAt(byTtl, 'ephemeral_1h_input_tokens')
}

/** The usage of one answer object. */
export function readUsage(usage: JsonObject | undefined): Usage | undefined {
  const meter = new UsageMeter()
  meter.merge(usage)
  return meter.usage
}

/** Usage as this dialect writes it; audio input counts as plain input, of which it knows no kinds. */
export function writeUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.inputTokens + usage.audioInputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    output_tokens: usage.outputTokens + usage.reasoningTokens + usage.audioOutputTokens,
    ...(usage.reasoningTokens > 0 ? { output_tokens_details: { thinking_tokens: usage.reasoningTokens } } : {}),
  }
}
