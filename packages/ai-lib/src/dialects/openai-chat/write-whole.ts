// A whole answer as one `chat.completion` object.
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../bytes/json-value.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { foldEvents, type WholeMessage } from '../../chat/fold-events.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { Part } from '../../chat/parts.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { WriterOptions } from '../dialect.ts'
import { answerPath, noteCitation, noteOpaque, noteSeal } from './answer-losses.ts'
import { writeCitation } from './citations.ts'
import { customCall } from './custom-call.ts'
import { writeDetail } from './reasoning-details.ts'
import { writeStop } from './stop-reasons.ts'
import { writeUsage } from './usage.ts'

/** @throws AiError `provider_truncated` or `provider_failed` where the events do not end in `message-end`. */
export function writeWholeAnswer(events: readonly ChatEvent[], options: WriterOptions, ledger: Ledger): JsonObject {
  const folded = foldEvents(events)
  if (folded.kind === 'failed')
    throw new AiError(folded.failure.code === 'truncated' ? 'provider_truncated' : 'provider_failed')
  const { message } = folded
  const { reason, loss } = writeStop(message.stop, message.rawStop, message.parts.some(isRefusal))
  if (loss !== undefined) ledger.changed(`${answerPath}.finish_reason`, loss)
  return {
    id: message.id === '' ? `chatcmpl-${randomUUID()}` : message.id,
    object: 'chat.completion',
    created: message.created ?? options.createdSeconds,
    model: message.model,
    choices: [{ index: 0, message: writeMessage(message, ledger), logprobs: null, finish_reason: reason }],
    ...(message.isUsageReported ? { usage: writeUsage(message.usage) } : {}),
  }
}

function isRefusal(part: Part): boolean {
  return part.type === 'refusal' && part.text !== ''
}

interface Message {
  readonly texts: string[]
  readonly refusals: string[]
  readonly reasoning: string[]
  readonly details: JsonObject[]
  readonly calls: JsonObject[]
  readonly annotations: JsonObject[]
  length: number
}

function writeMessage(whole: WholeMessage, ledger: Ledger): JsonObject {
  const message: Message = {
    texts: [],
    refusals: [],
    reasoning: [],
    details: [],
    calls: [],
    annotations: [],
    length: 0,
  }
  for (const part of whole.parts) addPart(message, part, ledger)
  const hasMore = message.calls.length > 0 || message.refusals.length > 0
  return {
    role: 'assistant',
    content: message.texts.length === 0 && hasMore ? null : message.texts.join(''),
    refusal: message.refusals.length === 0 ? null : message.refusals.join(''),
    ...(message.reasoning.length > 0 ? { reasoning_content: message.reasoning.join('') } : {}),
    ...(message.details.length > 0 ? { reasoning_details: message.details } : {}),
    ...(message.annotations.length > 0 ? { annotations: message.annotations } : {}),
    ...(message.calls.length > 0 ? { tool_calls: message.calls } : {}),
  }
}

function addPart(message: Message, part: Part, ledger: Ledger): void {
  switch (part.type) {
    case 'text':
      return addText(message, part, ledger)
    case 'refusal':
      message.refusals.push(part.text)
      return
    case 'reasoning':
      return addReasoning(message, part, ledger)
    case 'tool-call': {
      const args = part.argsJson === '' ? '{}' : part.argsJson
      message.calls.push({ id: part.callId, type: 'function', function: { name: part.name, arguments: args } })
      return
    }
    case 'opaque': {
      const call = customCall(part.opaque)
      if (call === undefined) noteOpaque(part.opaque, ledger)
      else message.calls.push(call)
      return
    }
    case 'media':
    case 'tool-result':
      // No reader gives these in an answer; were one to, it would be said.
      ledger.dropped(`${answerPath}.message.content`, `OpenAI has no ${part.type} in answers.`)
  }
}

function addText(message: Message, part: Extract<Part, { type: 'text' }>, ledger: Ledger): void {
  const span = { start: message.length, end: message.length + part.text.length }
  message.texts.push(part.text)
  message.length = span.end
  for (const citation of part.citations ?? []) {
    const annotation = writeCitation(citation, span)
    noteCitation(citation, annotation, ledger)
    if (annotation !== undefined) message.annotations.push(annotation)
  }
}

function addReasoning(message: Message, part: Extract<Part, { type: 'reasoning' }>, ledger: Ledger): void {
  if (part.text !== '') message.reasoning.push(part.text)
  const index = message.details.length
  const detail = writeDetail(part)
  if (part.seal !== undefined) noteSeal(part.seal, detail, ledger)
  if (detail !== undefined) message.details.push({ ...detail, index })
  else if (part.text !== '') message.details.push({ type: 'reasoning.text', text: part.text, index })
}
