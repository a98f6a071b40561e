// The canonical chat request: what a client asked, in one form for all dialects.
import type { JsonObject } from '../bytes/json-value.ts'
import type { Opaque } from './opaque.ts'
import type { CacheMark, Part } from './parts.ts'

/** A message of a conversation: who speaks, and the parts of what is said. `Message` builds them. */
export interface ChatMessage {
  /** `system` also stands for OpenAI's `developer`. Tool results are parts of `user` messages, as with Anthropic. */
  readonly role: 'system' | 'user' | 'assistant'
  readonly parts: readonly Part[]
  readonly name?: string
}

/** A function that the model may call, or a tool that its provider runs. */
export type Tool =
  | {
      readonly type: 'function'
      readonly name: string
      readonly description?: string
      readonly schema: JsonObject
      readonly strict?: boolean
      readonly cache?: CacheMark
    }
  /** A tool that the provider runs itself; only its own dialect can carry it. */
  | { readonly type: 'opaque'; readonly name: string; readonly opaque: Opaque }

/** Whether the model may, must or must not call a tool. Default `auto`. */
export type ToolChoice =
  | { readonly type: 'auto' }
  | { readonly type: 'none' }
  | { readonly type: 'required' }
  | { readonly type: 'tool'; readonly name: string }

/** What form the answer must have. */
export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema'
      readonly name: string
      readonly schema: JsonObject
      readonly strict?: boolean
      readonly description?: string
    }

/** How much a model should think. Providers take one of these words, or tokens; the rest is on the ledger. */
export interface ReasoningRequest {
  /** `none`, `minimal`, `low`, `medium`, `high` or what the provider knows besides. */
  readonly effort?: string
  /** Tokens that thinking may use, where the dialect counts them. */
  readonly budgetTokens?: number
  readonly enabled?: boolean
}

/** A chat request in the one form that every dialect is written from. */
export interface ChatRequest {
  /** As the client named it; the writer is told the target's name. */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly tools: readonly Tool[]
  readonly toolChoice?: ToolChoice
  /** False asks for at most one tool call in an answer. */
  readonly parallelToolCalls?: boolean
  readonly output?: OutputFormat
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly stop: readonly string[]
  readonly reasoning?: ReasoningRequest
  /** The end user's id as the client gave it (OpenAI `user`/`safety_identifier`, Anthropic `metadata.user_id`). */
  readonly user?: string
  readonly serviceTier?: string
  readonly stream: boolean
  /** The client wants usage inside the stream (OpenAI `stream_options.include_usage`; always with Anthropic). */
  readonly streamUsage: boolean
  /** Top-level fields that only the client's dialect knows: `json` is an object of them. Losses for any other dialect. */
  readonly rest?: Opaque
}
