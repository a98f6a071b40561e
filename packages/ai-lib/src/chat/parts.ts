// The canonical parts of a message, closest to Anthropic's blocks.
import type { Opaque } from './opaque.ts'

declare const toolCallIdBrand: unique symbol
/** The provider's id of a tool call; results refer to it. */
export type ToolCallId = string & { readonly [toolCallIdBrand]: true }
export function toolCallId(id: string): ToolCallId {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the one constructor of this brand
  return id as ToolCallId
}

/** Where an image, a document or a sound is: in the message, at an address, or at a provider. */
export type MediaSource =
  | { readonly kind: 'base64'; readonly data: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'text'; readonly text: string }
  /** A file that was uploaded to the provider of that dialect; no other can read it. */
  | { readonly kind: 'file'; readonly fileId: string; readonly dialect: Opaque['dialect'] }

/** Asks the provider to cache the prompt up to and including this part. */
export interface CacheMark {
  readonly ttl?: '5m' | '1h'
}

/** Where a text came from. `seal` is the citation as its own dialect wrote it. */
export interface Citation {
  readonly url?: string
  readonly title?: string
  readonly citedText?: string
  /** UTF-16 offsets into the text of the whole message, where the dialect tells them. */
  readonly start?: number
  readonly end?: number
  readonly seal?: Opaque
}

/** A piece of a message: text, media, reasoning, a tool call and its result. `Content` builds them. */
export type Part =
  | {
      readonly type: 'text'
      readonly text: string
      readonly citations?: readonly Citation[]
      readonly cache?: CacheMark
    }
  | {
      readonly type: 'media'
      /** `image/png`, `application/pdf`, `audio/wav`; `image/*` where only the kind is known (a bare URL). */
      readonly mediaType: string
      readonly source: MediaSource
      readonly name?: string
      /** OpenAI's image detail: low, high, auto. */
      readonly detail?: string
      /** Document settings that only one dialect has (Anthropic: title, context, citations). */
      readonly seal?: Opaque
      readonly cache?: CacheMark
    }
  | { readonly type: 'reasoning'; readonly text: string; readonly seal?: Opaque }
  | { readonly type: 'refusal'; readonly text: string }
  | {
      readonly type: 'tool-call'
      readonly callId: ToolCallId
      readonly name: string
      /** Raw JSON text, exactly as it came: never parsed and written again. Empty means `{}`. */
      readonly argsJson: string
      readonly cache?: CacheMark
    }
  | {
      readonly type: 'tool-result'
      readonly callId: ToolCallId
      readonly parts: readonly Part[]
      readonly isError: boolean
      readonly cache?: CacheMark
    }
  /** A whole block that only one dialect knows (server tools, containers, compaction). */
  | { readonly type: 'opaque'; readonly opaque: Opaque }
