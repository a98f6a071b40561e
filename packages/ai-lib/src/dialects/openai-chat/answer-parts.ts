// Turns deltas (and whole messages, which are one big delta) into parts: text, reasoning, refusal, tool calls, citations.
import { arrayAt, isArray, isObject, stringAt, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { ChatEvent } from '../../chat/events.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { Citation } from '../../chat/parts.ts'
import { readCitation } from './citations.ts'
import { thinkingText } from './read-content.ts'
import { readDetail } from './reasoning-details.ts'
import { ToolCalls } from './tool-calls.ts'

type Prose = 'text' | 'reasoning' | 'refusal'

export class AnswerParts {
  #count = 0
  #open: { readonly type: Prose; readonly index: number } | undefined
  #hasRefusal = false
  readonly #calls = new ToolCalls(() => this.#count++)

  get seen(): { readonly calls: boolean; readonly refusal: boolean } {
    return { calls: this.#calls.count > 0, refusal: this.#hasRefusal }
  }

  /** Whether any part has begun. */
  get hasBegun(): boolean {
    return this.#count > 0
  }

  add(delta: JsonObject, events: ChatEvent[]): void {
    this.#addReasoning(delta, events)
    this.#addContent(delta['content'], events)
    this.#addProse('refusal', delta['refusal'], events)
    for (const annotation of arrayAt(delta, 'annotations') ?? []) {
      const citation = readCitation(annotation)
      if (citation !== undefined) this.cite(citation, events)
    }
    for (const call of arrayAt(delta, 'tool_calls') ?? []) if (isObject(call)) this.#calls.add(call, events)
    if (isObject(delta['function_call'])) this.#calls.addFunction(delta['function_call'], events)
    if (isObject(delta['audio'])) addOpaque({ audio: delta['audio'] }, events)
    for (const image of arrayAt(delta, 'images') ?? []) addOpaque(image, events)
  }

  cite(citation: Citation, events: ChatEvent[]): void {
    events.push({ type: 'citation', index: this.#begin('text', events), citation })
  }

  /** Ends all parts. False where a tool call cannot be used. */
  end(events: ChatEvent[]): boolean {
    this.#close(events)
    return this.#calls.end(events)
  }

  // OpenRouter says the same text twice, in `reasoning` and in the details; the details carry seals.
  #addReasoning(delta: JsonObject, events: ChatEvent[]): void {
    const details = delta['reasoning_details']
    const told = isArray(details) && details.some((entry) => isObject(entry) && readDetail(entry).text !== '')
    if (!told) this.#addProse('reasoning', delta['reasoning_content'] ?? delta['reasoning'], events)
    if (!isArray(details)) return
    for (const entry of details) {
      if (!isObject(entry)) continue
      const { text, seal } = readDetail(entry)
      // Encrypted data is a block of its own, not the seal of the text before it.
      if (stringAt(entry, 'data') !== undefined) this.#close(events)
      this.#addProse('reasoning', text, events)
      if (seal !== undefined) this.#seal(seal, events)
    }
  }

  #addContent(content: JsonValue | undefined, events: ChatEvent[]): void {
    if (!isArray(content)) return this.#addProse('text', content, events)
    for (const part of content) {
      if (!isObject(part)) continue
      if (part['type'] === 'text') this.#addProse('text', part['text'], events)
      else if (part['type'] === 'thinking') this.#addProse('reasoning', thinkingText(part['thinking']), events)
      else if (part['type'] === 'refusal') this.#addProse('refusal', part['refusal'], events)
      else addOpaque(part, events)
    }
  }

  #addProse(type: Prose, text: JsonValue | undefined, events: ChatEvent[]): void {
    if (typeof text !== 'string' || text === '') return
    if (type === 'refusal') this.#hasRefusal = true
    events.push({ type: 'part-delta', index: this.#begin(type, events), text })
  }

  #begin(type: Prose, events: ChatEvent[]): number {
    if (this.#open?.type === type) return this.#open.index
    this.#close(events)
    const index = this.#count++
    this.#open = { type, index }
    events.push({ type: 'part-start', index, head: { type } })
    return index
  }

  #seal(seal: Opaque, events: ChatEvent[]): void {
    const index = this.#begin('reasoning', events)
    this.#open = undefined
    events.push({ type: 'part-end', index, seal })
  }

  #close(events: ChatEvent[]): void {
    if (this.#open !== undefined) events.push({ type: 'part-end', index: this.#open.index })
    this.#open = undefined
  }
}

function addOpaque(value: JsonValue, events: ChatEvent[]): void {
  events.push({ type: 'opaque', opaque: { dialect: 'openai-chat', json: JSON.stringify(value) } })
}
