// Writes an answer: as a stream, or folded into one message.
import type { ChatEvent } from '../../chat/events.ts'
import { foldEvents } from '../../chat/fold-events.ts'
import { Ledger, type Loss } from '../../chat/losses.ts'
import type { Part } from '../../chat/parts.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { ResponseWriter } from '../dialect.ts'
import { citationText, messageId, opaqueText, sealOfThought, stopFields, toolUseId } from './answer-text.ts'
import { argumentsObject, arrayText, memberTexts, objectText } from './json-text.ts'
import { writeUsage } from './usage.ts'
import { StreamWriter } from './write-stream.ts'

/** Usage always belongs into answers of this dialect, and it stamps none, so that a writer needs no options. */
export function createWriter(): ResponseWriter {
  return new AnswerWriter()
}

class AnswerWriter implements ResponseWriter {
  readonly #ledger = new Ledger()
  readonly #stream = new StreamWriter(this.#ledger)

  get losses(): readonly Loss[] {
    return this.#ledger.losses
  }

  writeEvents(events: readonly ChatEvent[]): Uint8Array {
    return this.#stream.write(events)
  }

  writeWhole(events: readonly ChatEvent[]): Uint8Array {
    const folded = foldEvents(events)
    if (folded.kind === 'failed')
      throw new AiError(folded.failure.code === 'truncated' ? 'provider_truncated' : 'provider_failed')
    const { message } = folded
    const blocks = message.parts.flatMap((part, index) => writePart(part, `content.${index}`, this.#ledger) ?? [])
    const told = {
      hasToolCalls: message.parts.some(({ type }) => type === 'tool-call'),
      refusal: message.parts.map((part) => (part.type === 'refusal' ? part.text : '')).join(''),
    }
    const text = objectText({
      ...memberTexts({ id: messageId(message.id), type: 'message', role: 'assistant', model: message.model }),
      content: arrayText(blocks),
      ...memberTexts({ ...stopFields(message, told, this.#ledger) }),
      usage: JSON.stringify(writeUsage(message.usage)),
    })
    return Buffer.from(text)
  }
}

function writePart(part: Part, path: string, ledger: Ledger): string | undefined {
  switch (part.type) {
    case 'text':
      return writeText(part, path, ledger)
    case 'refusal':
      return part.text === '' ? undefined : JSON.stringify({ type: 'text', text: part.text })
    case 'reasoning':
      return writeThought(part, path, ledger)
    case 'tool-call':
      return writeToolUse(part, path, ledger)
    case 'opaque':
      return opaqueText(part.opaque, path, ledger)
    case 'media':
    case 'tool-result':
      ledger.dropped(path, `An answer cannot hold a ${part.type} part.`)
      return undefined
  }
}

function writeText(part: Extract<Part, { type: 'text' }>, path: string, ledger: Ledger): string | undefined {
  const citations = (part.citations ?? []).flatMap((citation) => citationText(citation, path, ledger) ?? [])
  if (part.text === '' && citations.length === 0) return undefined
  return objectText({
    type: '"text"',
    text: JSON.stringify(part.text),
    citations: citations.length === 0 ? undefined : arrayText(citations),
  })
}

function writeThought(part: Extract<Part, { type: 'reasoning' }>, path: string, ledger: Ledger): string | undefined {
  const seal = sealOfThought(part.seal, path, ledger)
  switch (seal.kind) {
    case 'redacted':
      if (part.text !== '') ledger.dropped(path, 'A redacted thought shows no text.')
      return JSON.stringify({ type: 'redacted_thinking', data: seal.data })
    case 'signed':
      return JSON.stringify({ type: 'thinking', thinking: part.text, signature: seal.signature })
    case 'unsigned':
      return part.text === '' ? undefined : JSON.stringify({ type: 'thinking', thinking: part.text, signature: '' })
  }
}

// A stream passes broken arguments on as they come; in a whole message `input` must be an object.
function writeToolUse(part: Extract<Part, { type: 'tool-call' }>, path: string, ledger: Ledger): string {
  const input = argumentsObject(part.argsJson)
  if (input === undefined) ledger.dropped(`${path}.input`, 'The arguments are no JSON object.')
  return objectText({
    type: '"tool_use"',
    id: JSON.stringify(toolUseId(part.callId)),
    name: JSON.stringify(part.name),
    input: input ?? '{}',
  })
}
