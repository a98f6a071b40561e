// An assistant's turn as one OpenAI message: content, refusal, reasoning and tool calls in fields of their own.
import { isObject, type JsonObject } from '../../bytes/json-value.ts'
import type { Quirks } from '../dialect.ts'
import { writeDetail, type ReasoningPart } from './reasoning-details.ts'
import { contentOf, inkMark, writeOpaque, writeParts, type PlacedPart, type RequestInk } from './write-content.ts'

interface Turn {
  readonly content: JsonObject[]
  readonly refusals: string[]
  readonly reasoning: { readonly part: ReasoningPart; readonly path: string }[]
  readonly calls: JsonObject[]
  audio?: JsonObject
}

export function writeAssistant(
  parts: readonly PlacedPart[],
  path: string,
  quirks: Quirks,
  ink: RequestInk,
): JsonObject {
  const turn: Turn = { content: [], refusals: [], reasoning: [], calls: [] }
  let isReordered = false
  for (const placed of parts) {
    if (placed.part.type === 'text' && turn.calls.length > 0) isReordered = true
    addPart(turn, placed, ink)
  }
  if (isReordered) ink.ledger.changed(path, 'Text behind tool calls moves ahead of them.')
  const isEmpty = turn.content.length === 0
  const hasMore = turn.calls.length > 0 || turn.refusals.length > 0 || turn.audio !== undefined
  return {
    role: 'assistant',
    content: isEmpty && hasMore ? null : contentOf(turn.content),
    ...writeReasoning(turn.reasoning, quirks, ink),
    ...(turn.refusals.length > 0 ? { refusal: turn.refusals.join('') } : {}),
    ...(turn.audio === undefined ? {} : { audio: turn.audio }),
    ...(turn.calls.length > 0 ? { tool_calls: turn.calls } : {}),
  }
}

function addPart(turn: Turn, placed: PlacedPart, ink: RequestInk): void {
  const { part, path } = placed
  switch (part.type) {
    case 'text':
      turn.content.push(...writeParts([placed], ink, 'text'))
      return
    case 'reasoning':
      turn.reasoning.push({ part, path })
      return
    case 'refusal':
      turn.refusals.push(part.text)
      return
    case 'tool-call':
      turn.calls.push({
        id: part.callId,
        type: 'function',
        function: { name: part.name, arguments: part.argsJson === '' ? '{}' : part.argsJson },
        ...inkMark(part.cache, path, ink),
      })
      return
    case 'opaque': {
      const value = writeOpaque(part, path, ink)
      if (value !== undefined) addOpaque(turn, value)
      return
    }
    case 'media':
    case 'tool-result':
      ink.ledger.dropped(path, `OpenAI takes no ${part.type} in an assistant's message.`)
  }
}

// Sealed by read-message.ts: an audio reference, a call of a custom tool, or a content part.
function addOpaque(turn: Turn, value: JsonObject): void {
  if (value['type'] === undefined && isObject(value['audio'])) turn.audio = value['audio']
  else if (value['id'] !== undefined) turn.calls.push(value)
  else turn.content.push(value)
}

function writeReasoning(reasoning: Turn['reasoning'], quirks: Quirks, ink: RequestInk): JsonObject {
  if (reasoning.length === 0) return {}
  if (quirks.reasoningField === 'reasoning_details') {
    const details = reasoning.flatMap(({ part, path }) => writeDetail(part) ?? sealLost(part, path, ink))
    return details.length === 0 ? {} : { reasoning_details: details }
  }
  const field = quirks.reasoningField
  if (field === undefined) {
    for (const { path } of reasoning) ink.ledger.dropped(path, 'The target takes no past reasoning.')
    return {}
  }
  for (const { part, path } of reasoning)
    if (part.seal !== undefined) ink.ledger.dropped(`${path}.signature`, 'The target takes no sealed reasoning.')
  const text = reasoning.map(({ part }) => part.text).join('')
  return text === '' ? {} : { [field]: text }
}

function sealLost(part: ReasoningPart, path: string, ink: RequestInk): readonly JsonObject[] {
  ink.ledger.dropped(`${path}.signature`, 'OpenAI dialects have no place for this seal.')
  return part.text === '' ? [] : [{ type: 'reasoning.text', text: part.text }]
}
