// Folds the events of an answer into one whole message.
import type { ChatEvent, PartHead, StopReason } from './events.ts'
import type { UpstreamFailure } from './failure.ts'
import type { Citation, Part } from './parts.ts'
import { noUsage, type Usage } from './usage.ts'
import type { Opaque } from './opaque.ts'

export interface WholeMessage {
  readonly id: string
  readonly model: string
  readonly created?: number
  readonly parts: readonly Part[]
  readonly usage: Usage
  readonly isUsageReported: boolean
  readonly stop: StopReason
  readonly rawStop: string
  readonly stopSequence?: string
}

export type Folded =
  | { readonly kind: 'whole'; readonly message: WholeMessage }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure }

interface OpenPart {
  readonly head: PartHead
  text: string
  readonly citations: Citation[]
  seal?: Opaque
}

type Slot = { readonly kind: 'part'; readonly open: OpenPart } | { readonly kind: 'opaque'; readonly opaque: Opaque }

const truncated: UpstreamFailure = { phase: 'mid-stream', code: 'truncated', charged: 'unknown' }

/** Events without a `message-end` fold to a `truncated` failure: a cut answer never looks whole. */
export function foldEvents(events: readonly ChatEvent[]): Folded {
  const slots: Slot[] = []
  const open = new Map<number, OpenPart>()
  let start: Extract<ChatEvent, { type: 'message-start' }> | undefined
  let end: Extract<ChatEvent, { type: 'message-end' }> | undefined
  let usage: Usage | undefined
  for (const event of events) {
    switch (event.type) {
      case 'message-start':
        start ??= event
        break
      case 'part-start': {
        const part: OpenPart = { head: event.head, text: '', citations: [] }
        open.set(event.index, part)
        slots.push({ kind: 'part', open: part })
        break
      }
      case 'part-delta': {
        const part = open.get(event.index)
        if (part) part.text += event.text
        break
      }
      case 'citation':
        open.get(event.index)?.citations.push(event.citation)
        break
      case 'part-end': {
        const part = open.get(event.index)
        if (part && event.seal) part.seal = event.seal
        break
      }
      case 'opaque':
        slots.push({ kind: 'opaque', opaque: event.opaque })
        break
      case 'usage':
        usage = event.usage
        break
      case 'message-end':
        end = event
        break
      case 'failure':
        return { kind: 'failed', failure: event.failure }
    }
  }
  if (end === undefined) return { kind: 'failed', failure: truncated }
  return {
    kind: 'whole',
    message: {
      id: start?.id ?? '',
      model: start?.model ?? '',
      ...(start?.created === undefined ? {} : { created: start.created }),
      parts: slots.map(partOf),
      usage: usage ?? noUsage,
      isUsageReported: usage !== undefined,
      stop: end.stop,
      rawStop: end.rawStop,
      ...(end.stopSequence === undefined ? {} : { stopSequence: end.stopSequence }),
    },
  }
}

function partOf(slot: Slot): Part {
  if (slot.kind === 'opaque') return { type: 'opaque', opaque: slot.opaque }
  const { head, text, citations, seal } = slot.open
  switch (head.type) {
    case 'text':
      return citations.length > 0 ? { type: 'text', text, citations } : { type: 'text', text }
    case 'reasoning':
      return seal ? { type: 'reasoning', text, seal } : { type: 'reasoning', text }
    case 'refusal':
      return { type: 'refusal', text }
    case 'tool-call':
      return { type: 'tool-call', callId: head.callId, name: head.name, argsJson: text }
  }
}
