// Looks over an answer, frame by frame or whole, for what the reader makes no event of; paths are those of the message.
import { arrayAt, isObject, type JsonObject, objectAt, stringAt } from '../../bytes/json-value.ts'
import type { Loss } from '../../chat/losses.ts'
import {
  blockFields,
  cacheCreationFields,
  deltaFields,
  frameFields,
  messageFields,
  outputDetailFields,
  stopDetailFields,
  usageFields,
} from './answer-fields.ts'
import { type Fields, isNeutral, UnreadFields } from './unread-fields.ts'

export class UnreadAnswer {
  readonly #unread = new UnreadFields()
  /** Types of the open blocks that are not carried whole. */
  readonly #open = new Map<number, string>()

  get losses(): readonly Loss[] {
    return this.#unread.losses
  }

  /** A frame that fits the protocol so far. */
  noteFrame(type: string, frame: JsonObject): void {
    const fields = frameFields.get(type)
    if (fields === undefined) return this.#unread.note(type || 'event', 'An event that is not known.')
    const index = typeof frame['index'] === 'number' ? frame['index'] : undefined
    const path = index === undefined ? '' : `content.${index}`
    this.#unread.noteUnread(frame, fields, path)
    if (type === 'message_start') this.noteMessage(objectAt(frame, 'message') ?? {})
    else if (type === 'message_delta') this.#noteDelta(frame)
    else if (index !== undefined) this.#noteBlockFrame(type, frame, index, path)
  }

  /** A message, at the start of a stream or whole. */
  noteMessage(message: JsonObject): void {
    this.#noteFields(message)
    for (const [index, block] of (arrayAt(message, 'content') ?? []).entries())
      if (isObject(block)) this.#noteBlock(block, `content.${index}`)
  }

  /** An explanation that came without a refusal has no part of its own. */
  noteExplanation(): void {
    this.#unread.note('stop_details.explanation')
  }

  #noteDelta(frame: JsonObject): void {
    this.#noteFields(objectAt(frame, 'delta') ?? {})
    this.#noteUsage(frame)
  }

  #noteFields(message: JsonObject): void {
    this.#unread.noteUnread(message, messageFields, '')
    this.#noteObject(message, 'stop_details', stopDetailFields, '')
    this.#noteUsage(message)
  }

  #noteUsage(holder: JsonObject): void {
    const usage = this.#noteObject(holder, 'usage', usageFields, '')
    if (usage === undefined) return
    this.#noteObject(usage, 'cache_creation', cacheCreationFields, 'usage.')
    this.#noteObject(usage, 'output_tokens_details', outputDetailFields, 'usage.')
  }

  #noteObject(holder: JsonObject, key: string, fields: Fields, before: string): JsonObject | undefined {
    const value = objectAt(holder, key)
    if (value !== undefined) this.#unread.noteUnread(value, fields, before + key)
    return value
  }

  #noteBlockFrame(type: string, frame: JsonObject, index: number, path: string): void {
    if (type === 'content_block_start') {
      const block = objectAt(frame, 'content_block') ?? {}
      if (this.#noteBlock(block, path)) this.#open.set(index, stringAt(block, 'type') ?? '')
    } else if (type === 'content_block_stop') this.#open.delete(index)
    else this.#noteBlockDelta(objectAt(frame, 'delta') ?? {}, this.#open.get(index), path)
  }

  /** False for a block that is carried whole. */
  #noteBlock(block: JsonObject, path: string): boolean {
    const fields = blockFields.get(stringAt(block, 'type') ?? '')
    if (fields === undefined) return false
    this.#unread.noteUnread(block, fields, path)
    if (arrayAt(block, 'citations')?.some((citation) => !isObject(citation) && !isNeutral(citation)) === true)
      this.#unread.note(`${path}.citations`, 'A citation is no object.')
    return true
  }

  #noteBlockDelta(delta: JsonObject, blockType: string | undefined, path: string): void {
    if (blockType === undefined) return
    const type = stringAt(delta, 'type') ?? 'delta'
    const fields = deltaFields.get(`${blockType} ${type}`)
    if (fields === undefined) this.#unread.note(`${path}.${type}`, 'A delta that is not known.')
    else this.#unread.noteUnread(delta, fields, path)
  }
}
