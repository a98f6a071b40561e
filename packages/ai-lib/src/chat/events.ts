// An answer as a stream of events; a whole answer is the same events at once.
import type { UpstreamFailure } from './failure.ts'
import type { Opaque } from './opaque.ts'
import type { Citation, ToolCallId } from './parts.ts'
import type { Usage } from './usage.ts'

/** How a part of an answer begins: its kind, and what is known of it before its first piece. */
export type PartHead =
  | { readonly type: 'text' }
  | { readonly type: 'reasoning' }
  | { readonly type: 'refusal' }
  | { readonly type: 'tool-call'; readonly callId: ToolCallId; readonly name: string }

/** Why the model stopped; `other` with the provider's own word in `rawStop`. */
export type StopReason =
  | 'end'
  | 'max-tokens'
  | 'stop-sequence'
  | 'tool-calls'
  | 'refusal'
  | 'content-filter'
  | 'pause'
  | 'context-full'
  | 'other'

/**
 * The grammar of an answer:
 * `message-start (part-start (part-delta | citation)* part-end | opaque | usage)* message-end`, or `failure` at any point, last.
 * Parts may overlap in time (parallel tool calls): `index` says whose delta it is and rises with each `part-start`.
 * `usage` is cumulative, the last one counts, and it comes before `message-end`.
 */
export type ChatEvent =
  | { readonly type: 'message-start'; readonly id: string; readonly model: string; readonly created?: number }
  | { readonly type: 'part-start'; readonly index: number; readonly head: PartHead }
  /** Text, reasoning or refusal text, or a piece of a tool call's raw argument JSON. */
  | { readonly type: 'part-delta'; readonly index: number; readonly text: string }
  | { readonly type: 'citation'; readonly index: number; readonly citation: Citation }
  /** For reasoning, `seal` holds the signature or the redacted data as its dialect wrote it. */
  | { readonly type: 'part-end'; readonly index: number; readonly seal?: Opaque }
  /** A whole block that only one dialect knows. */
  | { readonly type: 'opaque'; readonly opaque: Opaque }
  | { readonly type: 'usage'; readonly usage: Usage }
  | {
      readonly type: 'message-end'
      readonly stop: StopReason
      readonly rawStop: string
      readonly stopSequence?: string
    }
  | { readonly type: 'failure'; readonly failure: UpstreamFailure }

/** True for events that a client would see as an answer having begun: before one, a failure may still be retried unseen. */
export function isContent(event: ChatEvent): boolean {
  switch (event.type) {
    case 'part-delta':
      return event.text !== ''
    case 'part-start':
      return event.head.type === 'tool-call'
    case 'opaque':
    case 'citation':
      return true
    case 'part-end':
      return event.seal !== undefined
    case 'message-start':
    case 'usage':
    case 'message-end':
    case 'failure':
      return false
  }
}
