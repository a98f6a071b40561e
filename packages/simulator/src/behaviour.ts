// What the simulator can be told to do with one request: the whole vocabulary of answers and faults, as data.

/** A tool call the answer makes. `argsJson` is sent as it stands, also where it is not valid JSON. */
export interface ScriptedToolCall {
  readonly id?: string
  readonly name: string
  readonly argsJson: string
}

/** Token counts in disjoint classes; each dialect adds them up in its own way. What is absent is counted from the words. */
export interface ScriptedUsage {
  /** Input that was neither read from nor written to a cache. */
  readonly inputTokens?: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
  /** Output without reasoning. */
  readonly outputTokens?: number
  readonly reasoningTokens?: number
}

/** `end`, `length`, `tool-use`, `content-filter`, `stop-sequence`, `refusal` and `pause` are put in the dialect's words; any other text goes out as it stands. */
export type ScriptedStop =
  | 'end'
  | 'length'
  | 'tool-use'
  | 'content-filter'
  | 'stop-sequence'
  | 'refusal'
  | 'pause'
  | (string & {})

/** A well-formed answer. What is absent comes from the model's own rules (echo). */
export interface AnswerBehaviour {
  readonly kind: 'answer'
  readonly text?: string
  readonly reasoning?: string
  readonly refusal?: string
  readonly toolCalls?: readonly ScriptedToolCall[]
  readonly stop?: ScriptedStop
  readonly usage?: ScriptedUsage
  /** Characters for each streamed delta; without it a delta is a word. */
  readonly chunkSize?: number
  /** Wait between two stream events. */
  readonly intervalMs?: number
  /** Wait before the response head. */
  readonly firstByteMs?: number
  /** Sends no usage at all, asked for or not. */
  readonly omitUsage?: boolean
  /** Response headers added to the usual ones. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer with this status; without `body` an error body in the dialect's own form. */
export interface StatusBehaviour {
  readonly kind: 'status'
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | object
}

/** Waits, then does the next thing (an ordinary answer by default). A long wait is an upstream that never answers. */
export interface DelayBehaviour {
  readonly kind: 'delay'
  readonly ms: number
  readonly then?: Behaviour
}

/**
 * A TCP reset. `connect`: as soon as the connection (or, on a kept one, the request's head) arrives; `head`: after
 * the whole request, in place of the response; `body`: after the head and `afterBytes` of the body (default 0).
 */
export interface ResetBehaviour {
  readonly kind: 'reset'
  readonly at: 'connect' | 'head' | 'body'
  readonly afterBytes?: number
  readonly answer?: AnswerBehaviour
}

/**
 * An answer that stops too early, never with its terminal event. `how: 'fin'` (default) closes the connection inside
 * an HTTP chunk (or short of content-length); `clean` ends the HTTP message properly; `close-delimited` sends a body
 * without chunks or length and closes, which HTTP cannot tell from a whole one. A whole JSON body is cut in half.
 */
export interface CutBehaviour {
  readonly kind: 'cut'
  /** Whole events sent before the cut; default half of them. */
  readonly afterEvents?: number
  /** Also send the first half of the next event. */
  readonly midEvent?: boolean
  readonly how?: 'fin' | 'clean' | 'close-delimited'
  readonly answer?: AnswerBehaviour
}

/** After so many events (default half of them) nothing more comes, and the connection stays open. */
export interface HalfOpenBehaviour {
  readonly kind: 'half-open'
  readonly afterEvents?: number
  readonly answer?: AnswerBehaviour
}

/** Not an answer of any dialect. `not-http` is not even HTTP; `no-content` is a bare 204. */
export interface GarbageBehaviour {
  readonly kind: 'garbage'
  readonly what?: 'html' | 'empty' | 'binary' | 'truncated-json' | 'wrong-type' | 'not-http' | 'no-content'
  readonly bytes?: string | Uint8Array
  readonly status?: number
  readonly contentType?: string
}

/** A 200 stream that turns into an error event after so many events (default half). A whole answer becomes 200 with the error as its body. */
export interface ErrorInStreamBehaviour {
  readonly kind: 'error-in-stream'
  readonly afterEvents?: number
  /** The dialect's inner error object; without it the dialect's overload error. */
  readonly error?: object
  readonly answer?: AnswerBehaviour
}

/** A small compressed body that inflates to `inflatedBytes`. */
export interface GzipBombBehaviour {
  readonly kind: 'gzip-bomb'
  readonly inflatedBytes: number
  readonly encoding: 'gzip' | 'br' | 'zstd'
}

/** Replays a recording byte by byte. */
export interface RawBehaviour {
  readonly kind: 'raw'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: readonly (string | Uint8Array)[]
  readonly intervalMs?: number
  /** Send a content-length in place of chunks. */
  readonly contentLength?: boolean
  /** Join the chunks and send pieces of so many bytes. */
  readonly splitEveryBytes?: number
  /** Neither chunks nor length: the end of the connection is the end of the body. */
  readonly closeDelimited?: boolean
}

export interface RedirectBehaviour {
  readonly kind: 'redirect'
  readonly status: number
  readonly location: string
}

/** One behaviour for each attempt; the last one repeats. */
export interface ScriptBehaviour {
  readonly kind: 'script'
  readonly attempts: readonly Behaviour[]
}

/** An ordinary answer, then a second HTTP response nobody asked for on the kept connection. */
export interface UnsolicitedBehaviour {
  readonly kind: 'unsolicited'
  /** Text in the answer nobody asked for. */
  readonly text?: string
  readonly answer?: AnswerBehaviour
}

export type Behaviour =
  | AnswerBehaviour
  | StatusBehaviour
  | DelayBehaviour
  | ResetBehaviour
  | CutBehaviour
  | HalfOpenBehaviour
  | GarbageBehaviour
  | ErrorInStreamBehaviour
  | GzipBombBehaviour
  | RawBehaviour
  | RedirectBehaviour
  | ScriptBehaviour
  | UnsolicitedBehaviour
