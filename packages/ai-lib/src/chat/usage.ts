// Token usage in disjoint classes, so that nothing is counted or billed twice.

/** Every token is in exactly one class. */
export interface Usage {
  /** Input neither read from nor written to the provider's cache, without audio. */
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly audioInputTokens: number
  /** Output without reasoning and audio. */
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly audioOutputTokens: number
}

export const noUsage: Usage = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  audioInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  audioOutputTokens: 0,
}

/** All input, as OpenAI's `prompt_tokens` counts it. */
export function totalInput(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.audioInputTokens
}

/** All output, as OpenAI's `completion_tokens` counts it. */
export function totalOutput(usage: Usage): number {
  return usage.outputTokens + usage.reasoningTokens + usage.audioOutputTokens
}
