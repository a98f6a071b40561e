// Streams for tests: framed from JSON values, and what a reader makes of them.
import { SseDecoder, type SseEvent } from '../../bytes/sse-decoder.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { createReader } from './read-answer.ts'

/** Positions of the events of a stream, each with its own bytes. */
export function eventsOf(bytes: Buffer): readonly SseEvent[] {
  const events: SseEvent[] = []
  new SseDecoder().push(bytes, (event) => events.push({ ...event }))
  return events
}

/** What a reader makes of a stream that comes in pieces of this size. */
export function readStream(bytes: Buffer, pieceBytes = bytes.length): readonly ChatEvent[] {
  const reader = createReader()
  const decoder = new SseDecoder()
  const events: ChatEvent[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes)
    decoder.push(Buffer.from(bytes.subarray(at, at + pieceBytes)), (event) => events.push(...reader.readEvent(event)))
  events.push(...reader.end())
  return events
}

/** What the reader of a stream could not carry, as paths. */
export function lostPaths(bytes: Buffer): readonly string[] {
  const reader = createReader()
  for (const event of eventsOf(bytes)) reader.readEvent(event)
  return reader.losses.map(({ path }) => path)
}

/** One data frame around each JSON value, and `[DONE]` behind. */
export function stream(...chunks: readonly unknown[]): Buffer {
  return Buffer.from(`${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`)
}

/** A chunk of one choice. */
export function chunk(delta: unknown, finish: string | null = null, more: Record<string, unknown> = {}): unknown {
  return {
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...more,
  }
}
