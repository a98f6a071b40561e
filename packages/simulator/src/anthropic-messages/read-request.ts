// Reads a messages request the way the real service does, its texts, media, tools and marks.
import type { BadRequest, Conversation, MediaNote, OutputForm, ToolPolicy } from '../conversation.ts'
import type { RequestHeaders } from '../dialect.ts'
import { type JsonObject, numberAt, objectAt, objectsAt, stringAt } from '../json.ts'
import { noteOfBase64 } from '../media-note.ts'
import { cacheMark, type PromptText, sumPromptWords } from '../prompt-words.ts'
import { blocksOf } from './blocks.ts'
import { findFlaw } from './find-flaw.ts'

export function readRequest(body: JsonObject, headers: RequestHeaders): Conversation | BadRequest {
  return findFlaw(body, headers, true) ?? readConversation(body)
}

export function readConversation(body: JsonObject): Conversation {
  const messages = objectsAt(body, 'messages')
  const lastUser = messages.findLast((message) => message['role'] === 'user') ?? {}
  const thinking = objectAt(body, 'thinking')?.['type']
  return {
    model: stringAt(body, 'model') ?? '',
    stream: body['stream'] === true,
    streamsUsage: true,
    lastUserText: textOf(blocksOf(lastUser)),
    toolResults: messages.at(-1) === lastUser ? blocksOf(lastUser).flatMap(toolResultOf) : [],
    media: messages.flatMap((message) => blocksOf(message).flatMap(mediaOf)),
    words: sumPromptWords(promptTexts(body, messages)),
    toolNames: objectsAt(body, 'tools').map((tool) => stringAt(tool, 'name') ?? ''),
    toolPolicy: readToolPolicy(objectAt(body, 'tool_choice')),
    parallelTools: objectAt(body, 'tool_choice')?.['disable_parallel_tool_use'] !== true,
    reasoning: thinking === 'enabled' || thinking === 'adaptive',
    output: readOutputForm(body),
    maxTokens: numberAt(body, 'max_tokens'),
    stopSequences: [body['stop_sequences']].flat().filter((stop) => typeof stop === 'string'),
    choices: 1,
  }
}

function textOf(blocks: readonly JsonObject[]): string {
  return blocks.flatMap((block) => (block['type'] === 'text' ? (stringAt(block, 'text') ?? []) : [])).join(' ')
}

function toolResultOf(block: JsonObject): readonly string[] {
  if (block['type'] !== 'tool_result') return []
  return [block['is_error'] === true ? `[error] ${textOf(blocksOf(block))}` : textOf(blocksOf(block))]
}

function promptTexts(body: JsonObject, messages: readonly JsonObject[]): readonly PromptText[] {
  return [
    ...blocksOf(body, 'system').map((block) => promptText(block, 'system')),
    ...messages.flatMap((message) => blocksOf(message).map((block) => promptText(block, 'messages'))),
  ]
}

function promptText(block: JsonObject, from: PromptText['from']): PromptText {
  const text = block['type'] === 'tool_result' ? textOf(blocksOf(block)) : (stringAt(block, 'text') ?? '')
  return { text, from, mark: cacheMark(block) }
}

function mediaOf(block: JsonObject): readonly MediaNote[] {
  if (block['type'] === 'tool_result') return blocksOf(block).flatMap(mediaOf)
  if (block['type'] !== 'image' && block['type'] !== 'document') return []
  const kind = block['type']
  const source = objectAt(block, 'source') ?? {}
  const mediaType = stringAt(source, 'media_type') ?? ''
  const data = stringAt(source, 'data') ?? ''
  if (source['type'] === 'base64') return [noteOfBase64(kind, mediaType, data)]
  if (source['type'] === 'text') return [{ kind, detail: `${mediaType} ${Buffer.byteLength(data)} bytes` }]
  if (source['type'] === 'content') return [{ kind, detail: `content ${blocksOf(source).length} blocks` }]
  return [{ kind, detail: stringAt(source, 'url') ?? stringAt(source, 'file_id') ?? '' }]
}

function readToolPolicy(choice: JsonObject | undefined): ToolPolicy {
  const name = stringAt(choice ?? {}, 'name')
  if (choice?.['type'] === 'tool' && name !== undefined) return { kind: 'one', name }
  if (choice?.['type'] === 'any') return { kind: 'any' }
  return { kind: choice?.['type'] === 'none' ? 'none' : 'auto' }
}

function readOutputForm(body: JsonObject): OutputForm {
  // `output_format` is the name this had while it was in beta.
  const format = objectAt(objectAt(body, 'output_config') ?? {}, 'format') ?? objectAt(body, 'output_format')
  if (format?.['type'] !== 'json_schema') return { kind: 'text' }
  return { kind: 'schema', schema: objectAt(format, 'schema') ?? {} }
}
