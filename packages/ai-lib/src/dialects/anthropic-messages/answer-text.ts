// The JSON pieces that a streamed and a whole answer share.
import { randomUUID } from 'node:crypto'
import type { ChatEvent } from '../../chat/events.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { Citation } from '../../chat/parts.ts'
import { unsealed } from './seal.ts'
import { writeStop } from './stop-reasons.ts'

type MessageEnd = Pick<Extract<ChatEvent, { type: 'message-end' }>, 'stop' | 'rawStop' | 'stopSequence'>

/** Ids of other dialects are kept behind the prefix that clients of this one know. */
export function messageId(id: string): string {
  if (id === '') return `msg_${randomUUID().replaceAll('-', '')}`
  return id.startsWith('msg_') ? id : `msg_${id}`
}

export function toolUseId(id: string): string {
  return id === '' ? `toolu_${randomUUID().replaceAll('-', '')}` : id
}

/** What an answer has told that its stop depends on. */
export interface Told {
  readonly hasToolCalls: boolean
  readonly refusal: string
}

export interface StopFields {
  readonly stop_reason: string
  readonly stop_sequence: string | null
  readonly stop_details?: { readonly type: 'refusal'; readonly category: null; readonly explanation: string }
}

export function stopFields(end: MessageEnd, told: Told, ledger: Ledger): StopFields {
  return {
    stop_reason: stopReason(end, told, ledger),
    stop_sequence: end.stopSequence ?? null,
    ...(told.refusal === ''
      ? {}
      : { stop_details: { type: 'refusal', category: null, explanation: told.refusal } as const }),
  }
}

// Clients act on the reason, so calls and refusals count more than another dialect's plain "stop" after them. This
// dialect's own "end_turn" beside calls is meant so: a container made and answered them.
function stopReason({ stop, rawStop }: MessageEnd, told: Told, ledger: Ledger): string {
  if (told.refusal !== '') return 'refusal'
  if (stop === 'end' && rawStop !== 'end_turn' && told.hasToolCalls) return 'tool_use'
  if (stop === 'content-filter') ledger.changed('stop_reason', 'A content filter is told as a refusal.')
  if (stop === 'other' && rawStop !== '') ledger.changed('stop_reason', `"${rawStop}" is told as "end_turn".`)
  return writeStop(stop)
}

/** The citation as this dialect wrote it; others go on the ledger. */
export function citationText(citation: Citation, path: string, ledger: Ledger): string | undefined {
  const { seal } = citation
  if (seal?.dialect === 'anthropic-messages') return seal.json
  ledger.dropped(`${path}.citations`, 'A citation of another provider lacks what clients send back.')
  return undefined
}

/** How a thought is written: with its signature, redacted, or unsigned where another provider had it. */
export type SealOfThought =
  | { readonly kind: 'signed'; readonly signature: string }
  | { readonly kind: 'redacted'; readonly data: string }
  | { readonly kind: 'unsigned' }

export function sealOfThought(seal: Opaque | undefined, path: string, ledger: Ledger): SealOfThought {
  const block = unsealed(seal)
  if (typeof block?.['data'] === 'string') return { kind: 'redacted', data: block['data'] }
  if (typeof block?.['signature'] === 'string') return { kind: 'signed', signature: block['signature'] }
  if (seal !== undefined) ledger.dropped(path, 'Sealed reasoning of another provider cannot be carried.')
  return { kind: 'unsigned' }
}

/** A block that this dialect wrote; those of others go on the ledger. */
export function opaqueText(opaque: Opaque, path: string, ledger: Ledger): string | undefined {
  if (opaque.dialect === 'anthropic-messages') return opaque.json
  ledger.dropped(path, 'A block that only another provider understands.')
  return undefined
}
