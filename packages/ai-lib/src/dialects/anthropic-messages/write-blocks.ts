// Writes canonical parts as content blocks of a request.
import type { Ledger } from '../../chat/losses.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { Citation, Part } from '../../chat/parts.ts'
import { argumentsObject, arrayText, cacheText, objectText } from './json-text.ts'
import { unsealed } from './seal.ts'
import type { ToolIds } from './tool-ids.ts'
import { writeMedia } from './write-media.ts'

type PartOf<Type extends Part['type']> = Extract<Part, { type: Type }>

export interface BlockContext {
  readonly ledger: Ledger
  readonly ids: ToolIds
}

/** The block's JSON text, or undefined where nothing is written: for lost parts the ledger says so. */
export function writeBlock(part: Part, path: string, context: BlockContext): string | undefined {
  switch (part.type) {
    case 'text':
      return writeText(part, path, context.ledger)
    case 'media':
      return writeMedia(part, path, context.ledger)
    case 'reasoning':
      return writeReasoning(part, path, context.ledger)
    case 'refusal':
      return part.text === '' ? undefined : JSON.stringify({ type: 'text', text: part.text })
    case 'tool-call':
      return writeToolCall(part, path, context)
    case 'tool-result':
      return writeToolResult(part, path, context)
    case 'opaque':
      return writeOpaque(part.opaque, path, context.ledger)
  }
}

// Blank text blocks are refused by this dialect; an empty one says nothing and is no loss.
export function writeText(part: PartOf<'text'>, path: string, ledger: Ledger): string | undefined {
  if (part.text.trim() === '') {
    if (part.text !== '') ledger.dropped(path, 'Text of white space alone is not accepted.')
    return undefined
  }
  return objectText({
    type: '"text"',
    text: JSON.stringify(part.text),
    citations: citationsText(part.citations ?? [], path, ledger),
    cache_control: cacheText(part.cache),
  })
}

function citationsText(citations: readonly Citation[], path: string, ledger: Ledger): string | undefined {
  const own = citations.flatMap(({ seal }) => (seal?.dialect === 'anthropic-messages' ? [seal.json] : []))
  if (own.length < citations.length)
    ledger.dropped(`${path}.citations`, 'Citations of another provider cannot be written back.')
  return own.length === 0 ? undefined : arrayText(own)
}

function writeReasoning(part: PartOf<'reasoning'>, path: string, ledger: Ledger): string | undefined {
  const seal = unsealed(part.seal)
  if (seal?.['type'] === 'redacted_thinking') return JSON.stringify(seal)
  if (typeof seal?.['signature'] === 'string')
    return JSON.stringify({ type: 'thinking', thinking: part.text, signature: seal['signature'] })
  ledger.dropped(path, 'Thinking without a signature of this provider is not accepted back.')
  return undefined
}

// What is no JSON object cannot be `input`: the model gets its own words back inside one.
function writeToolCall(part: PartOf<'tool-call'>, path: string, { ledger, ids }: BlockContext): string {
  const input = argumentsObject(part.argsJson)
  if (input === undefined)
    ledger.changed(`${path}.input`, 'The arguments are no JSON object; their text is sent as "invalid_arguments".')
  return objectText({
    type: '"tool_use"',
    id: JSON.stringify(ids.idOf(part.callId, `${path}.id`)),
    name: JSON.stringify(part.name),
    input: input ?? JSON.stringify({ invalid_arguments: part.argsJson }),
    cache_control: cacheText(part.cache),
  })
}

function writeToolResult(part: PartOf<'tool-result'>, path: string, context: BlockContext): string {
  const blocks = part.parts.flatMap((inner, index) => {
    const block = writeResultBlock(inner, `${path}.content.${index}`, context)
    return block === undefined ? [] : [block]
  })
  return objectText({
    type: '"tool_result"',
    tool_use_id: JSON.stringify(context.ids.idOf(part.callId, `${path}.tool_use_id`)),
    content: blocks.length === 0 ? undefined : arrayText(blocks),
    is_error: part.isError ? 'true' : undefined,
    cache_control: cacheText(part.cache),
  })
}

function writeResultBlock(part: Part, path: string, context: BlockContext): string | undefined {
  if (part.type === 'text' || part.type === 'media' || part.type === 'refusal' || part.type === 'opaque')
    return writeBlock(part, path, context)
  context.ledger.dropped(path, `A tool result cannot hold a ${part.type} part.`)
  return undefined
}

function writeOpaque(opaque: Opaque, path: string, ledger: Ledger): string | undefined {
  const block = unsealed(opaque)
  if (block === undefined) ledger.dropped(path, 'A block that only another provider understands.')
  // The text itself, not the parsed value written again.
  return block === undefined ? undefined : opaque.json
}
