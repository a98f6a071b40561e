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
  const folding: Folding = { slots: [], open: new Map() }
  for (const event of events) {
    if (event.type === 'failure') return { kind: 'failed', failure: event.failure }
    take(folding, event)
  }
  const { end } = folding
  return end ? { kind: 'whole', message: wholeMessage(folding, end) } : { kind: 'failed', failure: truncated }
}

type Start = Extract<ChatEvent, { type: 'message-start' }>
type End = Extract<ChatEvent, { type: 'message-end' }>

interface Folding {
  readonly slots: Slot[]
  readonly open: Map<number, OpenPart>
  start?: Start
  end?: End
  usage?: Usage
}

function take(folding: Folding, event: Exclude<ChatEvent, { type: 'failure' }>): void {
  switch (event.type) {
    case 'message-start':
      folding.start ??= event
      return
    case 'part-start': {
      const part: OpenPart = { head: event.head, text: '', citations: [] }
      folding.open.set(event.index, part)
      folding.slots.push({ kind: 'part', open: part })
      return
    }
    case 'opaque':
      folding.slots.push({ kind: 'opaque', opaque: event.opaque })
      return
    case 'usage':
      folding.usage = event.usage
      return
    case 'message-end':
      folding.end = event
      return
    case 'part-delta':
    case 'citation':
    case 'part-end': {
      const part = folding.open.get(event.index)
      if (part) addTo(part, event)
    }
  }
}

function addTo(part: OpenPart, event: Extract<ChatEvent, { type: 'part-delta' | 'citation' | 'part-end' }>): void {
  if (event.type === 'part-delta') part.text += event.text
  else if (event.type === 'citation') part.citations.push(event.citation)
  else if (event.seal) part.seal = event.seal
}

function wholeMessage({ slots, start, usage }: Folding, end: End): WholeMessage {
  return {
    id: start?.id ?? '',
    model: start?.model ?? '',
    ...(start?.created === undefined ? {} : { created: start.created }),
    parts: slots.map(partOf),
    usage: usage ?? noUsage,
    isUsageReported: usage !== undefined,
    stop: end.stop,
    rawStop: end.rawStop,
    ...(end.stopSequence === undefined ? {} : { stopSequence: end.stopSequence }),
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
