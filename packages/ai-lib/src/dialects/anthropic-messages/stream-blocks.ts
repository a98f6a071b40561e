// Writes one part of a streamed answer as one content block.
import { namedEvent } from '../../bytes/sse-encoder.ts'
import type { PartHead } from '../../chat/events.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { Citation } from '../../chat/parts.ts'
import { citationText, sealOfThought, toolUseId } from './answer-text.ts'
import { oneLine } from './json-text.ts'

/** Numbers blocks and gathers their frames: one block is open at a time. */
export class BlockFrames {
  #index = 0
  #text = ''

  open(blockJson: string): void {
    this.#frame('content_block_start', `"content_block":${blockJson}`)
  }

  delta(deltaJson: string): void {
    this.#frame('content_block_delta', `"delta":${deltaJson}`)
  }

  close(): void {
    const index = this.#index++
    this.push(namedEvent('content_block_stop', `{"type":"content_block_stop","index":${index}}`))
  }

  push(frame: string): void {
    this.#text += frame
  }

  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }

  #frame(type: string, member: string): void {
    this.#text += `event: ${type}\ndata: {"type":"${type}","index":${this.#index},${member}}\n\n`
  }
}

export interface StreamBlock {
  start(): void
  delta(text: string): void
  cite(citation: Citation): void
  end(seal: Opaque | undefined): void
}

export function streamBlock(head: PartHead, path: string, frames: BlockFrames, ledger: Ledger): StreamBlock {
  switch (head.type) {
    case 'text':
    case 'refusal':
      return new TextBlock(path, frames, ledger)
    case 'reasoning':
      return new ThinkingBlock(path, frames, ledger)
    case 'tool-call':
      return toolUseBlock(head, path, frames, ledger)
  }
}

// Opened by its first delta: a client would send an empty block back, and be refused for it.
class TextBlock implements StreamBlock {
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #ledger: Ledger
  #isOpen = false

  constructor(path: string, frames: BlockFrames, ledger: Ledger) {
    this.#path = path
    this.#frames = frames
    this.#ledger = ledger
  }

  start(): void {}

  delta(text: string): void {
    if (text === '') return
    this.#open()
    this.#frames.delta(`{"type":"text_delta","text":${JSON.stringify(text)}}`)
  }

  cite(citation: Citation): void {
    const text = citationText(citation, this.#path, this.#ledger)
    if (text === undefined) return
    this.#open()
    this.#frames.delta(`{"type":"citations_delta","citation":${oneLine(text)}}`)
  }

  end(): void {
    if (this.#isOpen) this.#frames.close()
  }

  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#frames.open('{"type":"text","text":""}')
  }
}

// Whether a thought is redacted is known at its end alone, so a block without text waits for it.
class ThinkingBlock implements StreamBlock {
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #ledger: Ledger
  #isOpen = false

  constructor(path: string, frames: BlockFrames, ledger: Ledger) {
    this.#path = path
    this.#frames = frames
    this.#ledger = ledger
  }

  start(): void {}

  delta(text: string): void {
    if (text === '') return
    this.#open()
    this.#frames.delta(`{"type":"thinking_delta","thinking":${JSON.stringify(text)}}`)
  }

  cite(): void {
    this.#ledger.dropped(`${this.#path}.citations`, 'Thinking has no citations.')
  }

  end(sealOfPart: Opaque | undefined): void {
    const seal = sealOfThought(sealOfPart, this.#path, this.#ledger)
    if (seal.kind === 'signed') {
      this.#open()
      this.#frames.delta(`{"type":"signature_delta","signature":${JSON.stringify(seal.signature)}}`)
    }
    if (seal.kind === 'redacted') this.#redacted(seal.data)
    if (this.#isOpen) this.#frames.close()
  }

  #redacted(data: string): void {
    if (this.#isOpen) this.#frames.close()
    this.#isOpen = true
    this.#frames.open(JSON.stringify({ type: 'redacted_thinking', data }))
  }

  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#frames.open('{"type":"thinking","thinking":"","signature":""}')
  }
}

function toolUseBlock(
  head: Extract<PartHead, { type: 'tool-call' }>,
  path: string,
  frames: BlockFrames,
  ledger: Ledger,
): StreamBlock {
  return {
    start: () =>
      frames.open(JSON.stringify({ type: 'tool_use', id: toolUseId(head.callId), name: head.name, input: {} })),
    delta: (text) => {
      if (text !== '') frames.delta(`{"type":"input_json_delta","partial_json":${JSON.stringify(text)}}`)
    },
    cite: () => ledger.dropped(`${path}.citations`, 'Tool calls have no citations.'),
    end: () => frames.close(),
  }
}
