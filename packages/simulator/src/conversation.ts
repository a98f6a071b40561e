// What the simulator needs to know of a request, whatever dialect it came in.
import type { JsonObject } from './json.ts'

export interface MediaNote {
  readonly kind: 'image' | 'document' | 'audio'
  /** Media type and size, or the address, as the echo shows it. */
  readonly detail: string
}

export interface PromptWords {
  readonly fresh: number
  readonly cacheRead: number
  /** Written to a cache of five minutes. */
  readonly cacheWrite: number
  /** Written to a cache of one hour. */
  readonly cacheWriteHour: number
}

export type ToolPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'auto' }
  | { readonly kind: 'any' }
  | { readonly kind: 'one'; readonly name: string }

export type OutputForm =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly schema: JsonObject }

export interface Conversation {
  readonly model: string
  readonly stream: boolean
  /** The client asked for usage in the stream (openai-chat only; elsewhere always true). */
  readonly streamsUsage: boolean
  readonly lastUserText: string
  /** Tool results that no assistant turn has answered yet. */
  readonly toolResults: readonly string[]
  readonly media: readonly MediaNote[]
  readonly words: PromptWords
  readonly toolNames: readonly string[]
  readonly toolPolicy: ToolPolicy
  readonly parallelTools: boolean
  readonly reasoning: boolean
  readonly output: OutputForm
  readonly maxTokens: number | undefined
  readonly stopSequences: readonly string[]
  readonly choices: number
}

export interface BadRequest {
  readonly kind: 'bad-request'
  readonly status: number
  readonly message: string
  readonly param?: string
}

export function badRequest(message: string, param?: string): BadRequest {
  return { kind: 'bad-request', status: 400, message, ...(param === undefined ? {} : { param }) }
}

/** Counts words: the simulator's deterministic stand-in for tokens. */
export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
