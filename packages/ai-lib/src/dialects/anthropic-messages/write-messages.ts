// Writes the messages of a request: system text apart, turns of one role merged, tool results first.
import type { Ledger } from '../../chat/losses.ts'
import type { Part } from '../../chat/parts.ts'
import type { ChatMessage } from '../../chat/request.ts'
import { arrayText, objectText } from './json-text.ts'
import { ToolIds } from './tool-ids.ts'
import { type BlockContext, writeBlock, writeText } from './write-blocks.ts'

interface Turn {
  readonly role: 'user' | 'assistant'
  readonly results: string[]
  readonly blocks: string[]
}

export interface WrittenMessages {
  /** JSON text of the array; absent without system text. */
  readonly system?: string
  readonly messages: string
}

export function writeMessages(messages: readonly ChatMessage[], ledger: Ledger): WrittenMessages {
  const context: BlockContext = { ledger, ids: new ToolIds(ledger) }
  const system: string[] = []
  const turns: Turn[] = []
  messages.forEach((message, index) => {
    const path = `messages.${index}`
    if (message.name !== undefined) ledger.dropped(`${path}.name`, 'Messages have no names.')
    if (message.role !== 'system') {
      writeTurn(message.role, message.parts, path, turns, context)
      return
    }
    if (turns.length > 0) ledger.changed(path, 'System text stands before all messages.')
    system.push(...writeSystem(message.parts, path, ledger))
  })
  return { ...(system.length === 0 ? {} : { system: arrayText(system) }), messages: arrayText(turns.map(turnText)) }
}

function writeSystem(parts: readonly Part[], path: string, ledger: Ledger): readonly string[] {
  return parts.flatMap((part, index) => {
    const at = `${path}.content.${index}`
    if (part.type === 'text') return writeText(part, at, ledger) ?? []
    ledger.dropped(at, 'System content is text alone.')
    return []
  })
}

function writeTurn(
  role: Turn['role'],
  parts: readonly Part[],
  path: string,
  turns: Turn[],
  context: BlockContext,
): void {
  const last = turns.at(-1)
  const turn = last?.role === role ? last : { role, results: [], blocks: [] }
  parts.forEach((part, index) => {
    const at = `${path}.content.${index}`
    if (!fits(part, role)) {
      context.ledger.dropped(at, `A message of the ${role} cannot hold a ${part.type} part.`)
      return
    }
    const block = writeBlock(part, at, context)
    if (block !== undefined) (part.type === 'tool-result' ? turn.results : turn.blocks).push(block)
  })
  // A message whose blocks all went away would be refused.
  if (turn !== last && turn.results.length + turn.blocks.length > 0) turns.push(turn)
}

function fits(part: Part, role: Turn['role']): boolean {
  switch (part.type) {
    case 'text':
    case 'opaque':
      return true
    case 'media':
    case 'tool-result':
      return role === 'user'
    case 'reasoning':
    case 'refusal':
    case 'tool-call':
      return role === 'assistant'
  }
}

// Results must come before other content of the turn that answers a tool call.
function turnText({ role, results, blocks }: Turn): string {
  return objectText({ role: JSON.stringify(role), content: arrayText([...results, ...blocks]) })
}
