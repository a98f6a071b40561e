// The port that every dialect implements: what the pass lane needs of it (Wire), and what translation needs besides (Dialect).
import type { Edit } from '../bytes/json-splice.ts'
import type { SseEvent } from '../bytes/sse-decoder.ts'
import type { AnswerFacts } from '../chat/answer-facts.ts'
import type { ChatEvent } from '../chat/events.ts'
import type { UpstreamFailure } from '../chat/failure.ts'
import type { Loss } from '../chat/losses.ts'
import type { DialectId } from '../chat/opaque.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { Usage } from '../chat/usage.ts'
import type { AiError } from '../errors/ai-error.ts'

export type { DialectId } from '../chat/opaque.ts'

/** What a route does, in the dialect it belongs to. */
export type OperationId = 'chat' | 'completions' | 'embeddings' | 'responses' | 'messages' | 'count-tokens'

/** What routing needs of a request, read straight from the bytes. */
export interface Head {
  readonly model: string
  readonly stream: boolean
  /** How many messages or inputs it has; absent where its dialect has none. */
  readonly messages?: number | undefined
  /** How many tools it declares. */
  readonly tools?: number | undefined
  /** Where the model's JSON string lies, quotes included. */
  readonly modelSpan: { readonly start: number; readonly end: number }
  /** The edit that asks the provider for usage in the stream; absent where the client asks for it, or none is needed. */
  readonly usageEdit?: Edit
}

/** What one frame of a stream means to the pump. */
export type FrameKind =
  /** Pings, role-only deltas, `response.created`: an answer has not begun. */
  | 'quiet'
  | 'content'
  /** Carries usage alone, and only because it was asked for. */
  | 'usage-only'
  | 'terminal'
  /** An error event inside the stream. */
  | 'failure'

/** Watches the frames of one pass-lane stream without changing them. */
export interface Tap {
  /** Precise until the first content frame; after it only as precise as usage, failure and the end need. */
  inspect(event: SseEvent): FrameKind
  /** The usage reported so far. */
  readonly usage: Usage | undefined
  readonly facts?: AnswerFacts | undefined
  /** What the last `failure` frame said. */
  readonly failure: UpstreamFailure | undefined
}

/** What a whole answer on the pass lane says. */
export interface WholeAnswer {
  readonly usage: Usage | undefined
  readonly facts?: AnswerFacts | undefined
  /** Set where a 200 carries an error instead of an answer. */
  readonly failure: UpstreamFailure | undefined
}

/** Response headers with lower-case names. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Everything that passing bytes through needs of an operation's protocol. */
export interface Wire {
  readonly dialect: DialectId
  /** @throws AiError where the body is no JSON object, or `model`/`stream` is absent, doubled, escaped or of the wrong type. */
  peek(body: Uint8Array): Head
  createTap(): Tap
  /** @throws AiError `provider_invalid_response` where the body is not one whole JSON object. */
  readWhole(body: Uint8Array): WholeAnswer
  /** Reads an error answer (status ≥ 400) of this dialect; also HTML, empty and foreign bodies. */
  readFailure(status: number, body: Uint8Array): UpstreamFailure
  /** The body of an error answer, or the closing event of a stream that has begun. */
  writeFailure(error: AiError, at: 'before-body' | 'mid-stream', requestId: string): Uint8Array
}

/** Differences between providers of one dialect, as data. */
export interface Quirks {
  /** How usage comes in streams: asked for (`option`, the default), without asking (`always`), or not at all (`never`). */
  readonly streamUsage?: 'option' | 'always' | 'never'
  /** Name of the output limit in requests. Default `max_completion_tokens` for openai, `max_tokens` elsewhere. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens'
  /** Role of system text. Default `system`. */
  readonly systemRole?: 'system' | 'developer'
  /** The field that past reasoning travels back in; absent: it is left out and put on the ledger. */
  readonly reasoningField?: 'reasoning_content' | 'reasoning' | 'reasoning_details'
  /** False where `response_format: json_schema` is refused: it becomes `json_object`, on the ledger. */
  readonly jsonSchema?: boolean
  /** False where `parallel_tool_calls` is refused. */
  readonly parallelToolCalls?: boolean
  /** False where `reasoning_effort` is refused. */
  readonly reasoningEffort?: boolean
  /** True where `cache_control` on content parts is understood. */
  readonly cacheControl?: boolean
}

/** What a writer must know of the target. */
export interface WriteTarget {
  readonly model: string
  readonly quirks: Quirks
  /** The catalogue's output limit of the model, where known. */
  readonly maxOutputTokens?: number
}

/** A request in a dialect's bytes, and what it could not carry (paths are those of the client's request). */
export interface Written {
  readonly body: Uint8Array
  readonly losses: readonly Loss[]
}

/** Turns an answer of this dialect into events. One reader per answer; it keeps state across calls. */
export interface ResponseReader {
  readEvent(event: SseEvent): readonly ChatEvent[]
  /** A whole JSON answer, as the events a stream would have given. Gives a `failure` event for unreadable bodies. */
  readWhole(body: Uint8Array): readonly ChatEvent[]
  /** The upstream ended. Gives a `truncated` failure where no terminal event was seen. */
  end(): readonly ChatEvent[]
  /** What of the answer the canonical form has no place for, so far. */
  readonly losses: readonly Loss[]
}

/** Turns events into an answer of this dialect. One writer per answer. */
export interface ResponseWriter {
  /** Bytes of the stream for these events; empty where they say nothing yet. `failure` events are not written here. */
  writeEvents(events: readonly ChatEvent[]): Uint8Array
  /** A whole JSON answer. @throws AiError where the events do not end in `message-end`. */
  writeWhole(events: readonly ChatEvent[]): Uint8Array
  /** What the answer could not carry so far. */
  readonly losses: readonly Loss[]
}

/** What a writer must know of the client. */
export interface WriterOptions {
  /** Whether usage belongs into the stream (OpenAI clients must ask for it). */
  readonly streamUsage: boolean
  /** Seconds since the epoch, for dialects that stamp answers. */
  readonly createdSeconds: number
}

/** A chat dialect that can be translated to and from the canonical form. */
export interface Dialect extends Wire {
  /** @throws AiError `caller_invalid_request` with `param` naming the path of what is wrong. */
  readRequest(body: Uint8Array): ChatRequest
  writeRequest(request: ChatRequest, target: WriteTarget): Written
  createReader(): ResponseReader
  createWriter(options: WriterOptions): ResponseWriter
}
