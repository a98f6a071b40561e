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
import { type Fields, isNeutral, UnreadFields } from '../unread-fields.ts'

/** An open block that is not carried whole. */
interface OpenBlock {
  readonly path: string
  readonly deltas: ReadonlyMap<string, Fields>
}

export class UnreadAnswer {
  readonly #unread = new UnreadFields()
  readonly #open = new Map<number, OpenBlock>()

  get losses(): readonly Loss[] {
    return this.#unread.losses
  }

  /** A frame that fits the protocol so far. */
  noteFrame(type: string, frame: JsonObject): void {
    const fields = frameFields.get(type)
    if (fields === undefined) return this.#unread.note(type || 'event', 'An event that is not known.')
    this.#unread.noteUnread(frame, fields, '')
    switch (type) {
      case 'content_block_delta':
        return this.#noteBlockDelta(frame)
      case 'content_block_start':
        return this.#noteBlockStart(frame)
      case 'message_start':
        return this.noteMessage(objectAt(frame, 'message') ?? {})
      case 'message_delta':
        return this.#noteDelta(frame)
    }
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

  #noteBlockStart(frame: JsonObject): void {
    const { index, content_block: block } = frame
    if (typeof index !== 'number' || !isObject(block)) return
    const path = `content.${index}`
    this.#noteBlock(block, path)
    const deltas = deltaFields.get(stringAt(block, 'type') ?? '')
    if (deltas === undefined) this.#open.delete(index)
    else this.#open.set(index, { path, deltas })
  }

  // This runs for every token, so that the path is not built anew.
  #noteBlockDelta({ index, delta }: JsonObject): void {
    const open = typeof index === 'number' ? this.#open.get(index) : undefined
    if (open === undefined || !isObject(delta)) return
    const type = stringAt(delta, 'type') ?? 'delta'
    const fields = open.deltas.get(type)
    if (fields === undefined) this.#unread.note(`${open.path}.${type}`, 'A delta that is not known.')
    else this.#unread.noteUnread(delta, fields, open.path)
  }

  // Blocks of other types are carried whole.
  #noteBlock(block: JsonObject, path: string): void {
    const fields = blockFields.get(stringAt(block, 'type') ?? '')
    if (fields === undefined) return
    this.#unread.noteUnread(block, fields, path)
    if (arrayAt(block, 'citations')?.some((citation) => !isObject(citation) && !isNeutral(citation)) === true)
      this.#unread.note(`${path}.citations`, 'A citation is no object.')
  }
}
