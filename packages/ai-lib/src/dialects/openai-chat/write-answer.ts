// Writes an answer: canonical events as chunks of a stream, or as one whole chat completion.
import { randomUUID } from 'node:crypto'
import type { ChatEvent, PartHead } from '../../chat/events.ts'
import { Ledger, type Loss } from '../../chat/losses.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { Citation } from '../../chat/parts.ts'
import type { Usage } from '../../chat/usage.ts'
import type { ResponseWriter, WriterOptions } from '../dialect.ts'
import { answerPath, noteCitation, noteOpaque, noteSeal } from './answer-losses.ts'
import { writeCitation } from './citations.ts'
import { customCall } from './custom-call.ts'
import { writeSeal } from './reasoning-details.ts'
import { writeStop } from './stop-reasons.ts'
import { writeUsage } from './usage.ts'
import { writeWholeAnswer } from './write-whole.ts'

export function createWriter(options: WriterOptions): ResponseWriter {
  return new AnswerWriter(options)
}

interface OpenPart {
  readonly head: PartHead
  /** Running number among the tool calls, or among the reasoning parts. */
  readonly number: number
  /** Where the part begins in the text of the whole message. */
  readonly start: number
  isEmpty: boolean
}

class AnswerWriter implements ResponseWriter {
  readonly #options: WriterOptions
  readonly #ledger = new Ledger()
  readonly #parts = new Map<number, OpenPart>()
  /** Everything of a chunk up to its delta, and from behind it: the same for all chunks of an answer. */
  #before = ''
  #after = ''
  #head = ''
  #calls = 0
  #reasonings = 0
  #textLength = 0
  #hasRefusal = false
  #usage: Usage | undefined

  constructor(options: WriterOptions) {
    this.#options = options
  }

  get losses(): readonly Loss[] {
    return this.#ledger.losses
  }

  writeEvents(events: readonly ChatEvent[]): Uint8Array {
    let text = ''
    for (const event of events) text += this.#write(event)
    return Buffer.from(text)
  }

  writeWhole(events: readonly ChatEvent[]): Uint8Array {
    return Buffer.from(JSON.stringify(writeWholeAnswer(events, this.#options, this.#ledger)))
  }

  #write(event: ChatEvent): string {
    switch (event.type) {
      case 'message-start':
        return this.#start(event)
      case 'part-start':
        return this.#startPart(event.index, event.head)
      case 'part-delta':
        return this.#delta(event.index, event.text)
      case 'citation':
        return this.#cite(event.index, event.citation)
      case 'part-end':
        return this.#endPart(event.index, event.seal)
      case 'opaque':
        return this.#opaque(event.opaque)
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'message-end':
        return this.#end(event)
      case 'failure':
        return ''
    }
  }

  #start(event: Extract<ChatEvent, { type: 'message-start' }>): string {
    const id = JSON.stringify(event.id === '' ? `chatcmpl-${randomUUID()}` : event.id)
    const created = event.created ?? this.#options.createdSeconds
    const model = JSON.stringify(event.model)
    this.#head = `data: {"id":${id},"object":"chat.completion.chunk","created":${created},"model":${model},"choices":[`
    // OpenAI says `"usage":null` on every chunk of a stream that will tell usage at its end.
    const tail = this.#options.streamUsage ? '],"usage":null}\n\n' : ']}\n\n'
    this.#before = `${this.#head}{"index":0,"delta":{`
    this.#after = `},"logprobs":null,"finish_reason":null}${tail}`
    return this.#chunk('"role":"assistant","content":""')
  }

  #chunk(delta: string): string {
    return `${this.#before}${delta}${this.#after}`
  }

  #startPart(index: number, head: PartHead): string {
    const number = head.type === 'tool-call' ? this.#calls++ : head.type === 'reasoning' ? this.#reasonings++ : 0
    this.#parts.set(index, { head, number, start: this.#textLength, isEmpty: true })
    if (head.type !== 'tool-call') return ''
    const call = { index: number, id: head.callId, type: 'function', function: { name: head.name, arguments: '' } }
    return this.#chunk(`"tool_calls":[${JSON.stringify(call)}]`)
  }

  #delta(index: number, text: string): string {
    const part = this.#parts.get(index)
    if (part === undefined || text === '') return ''
    part.isEmpty = false
    const json = JSON.stringify(text)
    switch (part.head.type) {
      case 'text':
        this.#textLength += text.length
        return this.#chunk(`"content":${json}`)
      case 'refusal':
        this.#hasRefusal = true
        return this.#chunk(`"refusal":${json}`)
      case 'tool-call':
        return this.#chunk(`"tool_calls":[{"index":${part.number},"function":{"arguments":${json}}}]`)
      case 'reasoning':
        // Both, as OpenRouter sends it: the text for whoever shows it, the detail for handing it back with its seal.
        return this.#chunk(
          `"reasoning_content":${json},"reasoning_details":[{"type":"reasoning.text","text":${json},"index":${part.number}}]`,
        )
    }
  }

  #cite(index: number, citation: Citation): string {
    const span = { start: this.#parts.get(index)?.start ?? 0, end: this.#textLength }
    const annotation = writeCitation(citation, span)
    noteCitation(citation, annotation, this.#ledger)
    return annotation === undefined ? '' : this.#chunk(`"annotations":[${JSON.stringify(annotation)}]`)
  }

  #endPart(index: number, seal: Opaque | undefined): string {
    const part = this.#parts.get(index)
    if (part === undefined) return ''
    // A call without arguments has the empty object for clients that parse what they get.
    if (part.head.type === 'tool-call' && part.isEmpty)
      return this.#chunk(`"tool_calls":[{"index":${part.number},"function":{"arguments":"{}"}}]`)
    if (seal === undefined || part.head.type !== 'reasoning') return ''
    const sealed = writeSeal(seal)
    noteSeal(seal, sealed, this.#ledger)
    if (sealed === undefined) return ''
    return this.#chunk(`"reasoning_details":[${JSON.stringify({ ...sealed, index: part.number })}]`)
  }

  #opaque(opaque: Opaque): string {
    const call = customCall(opaque)
    if (call === undefined) {
      noteOpaque(opaque, this.#ledger)
      return ''
    }
    return this.#chunk(`"tool_calls":[${JSON.stringify({ index: this.#calls++, ...call })}]`)
  }

  #end(event: Extract<ChatEvent, { type: 'message-end' }>): string {
    const { reason, loss } = writeStop(event.stop, event.rawStop, this.#hasRefusal)
    if (loss !== undefined) this.#ledger.changed(`${answerPath}.finish_reason`, loss)
    const tail = this.#options.streamUsage ? '],"usage":null}\n\n' : ']}\n\n'
    const finish = `${this.#head}{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}${tail}`
    const usage =
      this.#options.streamUsage && this.#usage !== undefined
        ? `${this.#head}],"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n`
        : ''
    return `${finish}${usage}data: [DONE]\n\n`
  }
}
