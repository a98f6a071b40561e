// The request and the answer of a chat completion, as the library gives and takes them.
import type { StopReason } from '../chat/events.ts'
import type { WholeMessage } from '../chat/fold-events.ts'
import type { Loss } from '../chat/losses.ts'
import type { Part } from '../chat/parts.ts'
import type { ChatMessage, ChatRequest, OutputFormat, ReasoningRequest, Tool, ToolChoice } from '../chat/request.ts'
import { totalInput, totalOutput, type Usage } from '../chat/usage.ts'

/**
 * What to ask: messages, and how to answer. It is plain data, so that it can be stored, sent and asked again elsewhere.
 *
 * @example
 * ```ts
 * import { type ChatCompletionRequest, Message } from 'ai-lib'
 * export const request: ChatCompletionRequest = {
 *   messages: [Message.system('Be brief.'), Message.user('What is a monad?')],
 *   maxOutputTokens: 200,
 *   temperature: 0.2,
 * }
 * ```
 */
export interface ChatCompletionRequest {
  /** As the provider names it; absent: the provider's default chat model. */
  readonly model?: string
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly Tool[]
  readonly toolChoice?: ToolChoice
  /** False asks for at most one tool call in an answer. */
  readonly parallelToolCalls?: boolean
  readonly output?: OutputFormat
  readonly maxOutputTokens?: number
  /** 0 to 2 with most providers, 0 to 1 with Anthropic (clamped, on the ledger). */
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly stop?: readonly string[]
  readonly reasoning?: ReasoningRequest
  /** The end user's id, for the provider's abuse monitoring. */
  readonly user?: string
}

/** Tokens as OpenAI counts them, and in classes that do not overlap. */
export interface ChatCompletionUsage {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly totalTokens: number
  /** Part of `promptTokens`. */
  readonly cachedTokens: number
  /** Part of `completionTokens`. */
  readonly reasoningTokens: number
  /** The same figures in disjoint classes. */
  readonly classes: Usage
  /** False where the provider reported none: the figures are then 0, not guessed. */
  readonly isReported: boolean
}

/** One answer; there is exactly one. */
export interface ChatCompletionChoice {
  readonly index: number
  readonly message: {
    readonly role: 'assistant'
    /** The text, where there is nothing but text; else all parts. */
    readonly content: string | readonly Part[]
    readonly parts: readonly Part[]
  }
  readonly finishReason: StopReason
}

/**
 * A whole answer.
 *
 * @example
 * ```ts
 * import { AiClient, Message, Provider } from 'ai-lib'
 * const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...' })
 * const answer = await client.chatCompletion({ messages: [Message.user('ping')] })
 * console.log(answer.firstText(), answer.choices[0]?.finishReason, answer.usage.totalTokens)
 * ```
 */
export interface ChatCompletionResponse {
  readonly id: string
  readonly model: string
  readonly provider: string
  readonly choices: readonly ChatCompletionChoice[]
  readonly usage: ChatCompletionUsage
  /** What of the request the provider's dialect could not carry. */
  readonly losses: readonly Loss[]
  /** All text of the first choice. */
  firstText(): string
}

export function canonicalRequest(request: ChatCompletionRequest, model: string, stream: boolean): ChatRequest {
  const { tools = [], stop = [], messages, model: _named, ...rest } = request
  return { ...rest, model, messages, tools, stop, stream, streamUsage: true }
}

export function completionOf(message: WholeMessage, provider: string, losses: readonly Loss[]): ChatCompletionResponse {
  const text = textOf(message.parts)
  const isPlain = message.parts.every(({ type }) => type === 'text')
  return {
    id: message.id,
    model: message.model,
    provider,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: isPlain ? text : message.parts, parts: message.parts },
        finishReason: message.stop,
      },
    ],
    usage: usageOf(message),
    losses,
    firstText: () => text,
  }
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

function usageOf({ usage, isUsageReported }: WholeMessage): ChatCompletionUsage {
  const promptTokens = totalInput(usage)
  const completionTokens = totalOutput(usage)
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    cachedTokens: usage.cacheReadTokens,
    reasoningTokens: usage.reasoningTokens,
    classes: usage,
    isReported: isUsageReported,
  }
}
