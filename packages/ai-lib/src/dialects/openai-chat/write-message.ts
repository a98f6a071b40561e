// Canonical messages as OpenAI's: tool results become tool messages of their own, ahead of the user's other parts.
import { stringAt, type JsonObject } from '../../bytes/json-value.ts'
import type { Part } from '../../chat/parts.ts'
import type { ChatMessage } from '../../chat/request.ts'
import type { Quirks } from '../dialect.ts'
import { writeAssistant } from './write-assistant.ts'
import { contentOf, inkMark, inkMedia, place, writeParts, type PlacedPart, type RequestInk } from './write-content.ts'

export function writeMessages(
  messages: readonly ChatMessage[],
  quirks: Quirks,
  ink: RequestInk,
): readonly JsonObject[] {
  return messages.flatMap((message, index) => writeMessage(message, `messages.${index}`, quirks, ink))
}

function writeMessage(message: ChatMessage, path: string, quirks: Quirks, ink: RequestInk): readonly JsonObject[] {
  const parts = place(message.parts, path)
  const named = message.name === undefined ? {} : { name: message.name }
  switch (message.role) {
    case 'system': {
      const content = contentOf(writeParts(parts, ink, 'text'))
      return [{ role: quirks.systemRole ?? 'system', content, ...named }]
    }
    case 'user':
      return writeUser(parts, named, ink)
    case 'assistant':
      return [{ ...writeAssistant(parts, path, quirks, ink), ...named }]
  }
}

function writeUser(parts: readonly PlacedPart[], named: JsonObject, ink: RequestInk): readonly JsonObject[] {
  const written: JsonObject[] = []
  const moved: JsonObject[] = []
  const rest: PlacedPart[] = []
  for (const placed of parts) {
    if (placed.part.type === 'tool-result') written.push(writeResult(placed.part, placed.path, moved, ink))
    else rest.push(placed)
  }
  const content = [...moved, ...writeParts(rest, ink, 'all')]
  // Without tool results even an empty message stays: the turn it takes has a meaning.
  if (content.length > 0 || written.length === 0) written.push({ role: 'user', content: contentOf(content), ...named })
  return written
}

type ToolResult = Extract<Part, { type: 'tool-result' }>

// Tool messages hold text alone, so images and files go to the user message behind them.
function writeResult(result: ToolResult, path: string, moved: JsonObject[], ink: RequestInk): JsonObject {
  const texts: PlacedPart[] = []
  for (const placed of place(result.parts, path)) {
    if (placed.part.type !== 'media') {
      texts.push(placed)
      continue
    }
    const media = inkMedia(placed.part, placed.path, ink)
    if (media === undefined) continue
    const text = stringAt(media, 'text')
    if (text === undefined) {
      ink.ledger.changed(placed.path, 'Tool messages hold only text: it follows in a user message.')
      moved.push(media)
    } else texts.push({ part: { type: 'text', text }, path: placed.path })
  }
  if (result.isError)
    ink.ledger.changed(`${path}.is_error`, 'OpenAI has no error flag on tool results; the text stays.')
  const parts = [...writeParts(texts, ink, 'text')]
  return { role: 'tool', tool_call_id: result.callId, content: markLast(parts, inkMark(result.cache, path, ink)) }
}

function markLast(parts: readonly JsonObject[], mark: JsonObject): string | readonly JsonObject[] {
  if (Object.keys(mark).length === 0) return contentOf(parts)
  const last = parts.at(-1) ?? { type: 'text', text: '' }
  return [...parts.slice(0, -1), { ...last, ...mark }]
}
