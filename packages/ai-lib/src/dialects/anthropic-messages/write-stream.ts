// Writes the events of an answer as a stream whose blocks follow one another, although canonical parts may overlap.
import { namedEvent } from '../../bytes/sse-encoder.ts'
import type { ChatEvent } from '../../chat/events.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { Opaque } from '../../chat/opaque.ts'
import { noUsage, type Usage } from '../../chat/usage.ts'
import { AiError } from '../../errors/ai-error.ts'
import { messageId, opaqueText, stopFields } from './answer-text.ts'
import { oneLine } from './json-text.ts'
import { BlockFrames, type StreamBlock, streamBlock } from './stream-blocks.ts'
import { writeUsage } from './usage.ts'

type EventOf<Type extends ChatEvent['type']> = Extract<ChatEvent, { type: Type }>
type PartEvent = EventOf<'part-delta' | 'citation' | 'part-end'>

interface Part {
  readonly kind: 'part'
  readonly index: number
  readonly isRefusal: boolean
  readonly block: StreamBlock
  /** What came while another block was open. */
  readonly held: PartEvent[]
}

/** Characters that may wait for the open block to end: parallel calls need some, a provider that never ends one needs all. */
const maxHeld = 4 * 1024 * 1024
/** What an event costs beside its text, so that empty ones have a bound too. */
const eventCost = 64

type Waiting = Part | { readonly kind: 'opaque'; readonly opaque: Opaque }

export class StreamWriter {
  readonly #ledger: Ledger
  readonly #frames = new BlockFrames()
  readonly #parts = new Map<number, Part>()
  readonly #waiting: Waiting[] = []
  #current: Part | undefined
  #held = 0
  #start: Pick<EventOf<'message-start'>, 'id' | 'model'> | undefined = { id: '', model: '' }
  #usage: Usage = noUsage
  #hasToolCalls = false
  #refusal = ''

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  write(events: readonly ChatEvent[]): Buffer {
    for (const event of events) this.#event(event)
    if (events.some(({ type }) => type !== 'failure')) this.#begin()
    return Buffer.from(this.#frames.take())
  }

  #event(event: ChatEvent): void {
    switch (event.type) {
      case 'message-start':
        // Held for a moment: usage of the input often follows and belongs into the first frame.
        if (this.#start !== undefined) this.#start = event
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'part-start':
        return this.#partStart(event)
      case 'part-delta':
      case 'citation':
      case 'part-end':
        return this.#partEvent(event)
      case 'opaque':
        return this.#enqueue({ kind: 'opaque', opaque: event.opaque })
      case 'message-end':
        return this.#end(event)
      case 'failure':
        return
    }
  }

  #begin(): void {
    if (this.#start === undefined) return
    const { id, model } = this.#start
    this.#start = undefined
    const message = {
      id: messageId(id),
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: writeUsage(this.#usage),
    }
    this.#frames.push(namedEvent('message_start', JSON.stringify({ type: 'message_start', message })))
  }

  #partStart({ index, head }: EventOf<'part-start'>): void {
    if (head.type === 'tool-call') this.#hasToolCalls = true
    const part: Part = {
      kind: 'part',
      index,
      isRefusal: head.type === 'refusal',
      block: streamBlock(head, `content.${index}`, this.#frames, this.#ledger),
      held: [],
    }
    this.#parts.set(index, part)
    this.#enqueue(part)
  }

  #partEvent(event: PartEvent): void {
    const part = this.#parts.get(event.index)
    if (part === undefined) return
    if (event.type === 'part-end') this.#parts.delete(event.index)
    if (part !== this.#current) {
      this.#hold(sizeOf(event))
      part.held.push(event)
      return
    }
    this.#apply(part, event)
    this.#advance()
  }

  #apply(part: Part, event: PartEvent): void {
    switch (event.type) {
      case 'part-delta':
        if (part.isRefusal) this.#refusal += event.text
        return part.block.delta(event.text)
      case 'citation':
        return part.block.cite(event.citation)
      case 'part-end':
        part.block.end(event.seal)
        this.#current = undefined
    }
  }

  #enqueue(waiting: Waiting): void {
    this.#begin()
    this.#hold(waitingSize(waiting))
    this.#waiting.push(waiting)
    this.#advance()
  }

  #hold(size: number): void {
    this.#held += size
    if (this.#held > maxHeld)
      throw new AiError('provider_response_too_large', {
        message: 'Too much of it waits for a part that does not end.',
      })
  }

  #advance(): void {
    while (this.#current === undefined) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#held -= waitingSize(next)
      if (next.kind === 'opaque') this.#opaque(next.opaque)
      else {
        this.#current = next
        next.block.start()
        for (const event of next.held.splice(0)) {
          this.#held -= sizeOf(event)
          this.#apply(next, event)
        }
      }
    }
  }

  #opaque(opaque: Opaque): void {
    const text = opaqueText(opaque, 'content', this.#ledger)
    if (text === undefined) return
    this.#frames.open(oneLine(text))
    this.#frames.close()
  }

  #end(event: EventOf<'message-end'>): void {
    this.#begin()
    // Parts that a reader left open end here, in their order.
    for (const index of this.#parts.keys()) this.#partEvent({ type: 'part-end', index })
    const told = { hasToolCalls: this.#hasToolCalls, refusal: this.#refusal }
    const delta = stopFields(event, told, this.#ledger)
    const frame = JSON.stringify({ type: 'message_delta', delta, usage: writeUsage(this.#usage) })
    this.#frames.push(namedEvent('message_delta', frame))
    this.#frames.push(namedEvent('message_stop', '{"type":"message_stop"}'))
  }
}

function waitingSize(waiting: Waiting): number {
  return eventCost + (waiting.kind === 'opaque' ? waiting.opaque.json.length : 0)
}

function sizeOf(event: PartEvent): number {
  switch (event.type) {
    case 'part-delta':
      return eventCost + event.text.length
    case 'citation':
      return eventCost + (event.citation.seal?.json.length ?? 0) + (event.citation.citedText?.length ?? 0)
    case 'part-end':
      return eventCost + (event.seal?.json.length ?? 0)
  }
}
