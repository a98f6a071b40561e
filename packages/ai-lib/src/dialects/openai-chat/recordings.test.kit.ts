// Recorded answers of OpenAI and those compatible with it, framed as they came over the wire.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SseDecoder, type SseEvent } from '../../bytes/sse-decoder.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { createReader } from './read-answer.ts'

// The compiled copy of this file lies in dist, the recordings only in src.
const folder = fileURLToPath(new URL('./fixtures/', import.meta.url))

export interface Recording {
  readonly name: string
  readonly bytes: Buffer
}

function load(ends: readonly string[], isMeant: (name: string) => boolean): readonly Recording[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => ends.some((end) => name.endsWith(end)) && isMeant(name))
    .toSorted()
    .map((name) => ({ name, bytes: framed(name, readFileSync(`${folder}${name}`)) }))
}

function framed(name: string, bytes: Buffer): Buffer {
  if (name.endsWith('.json')) return bytes
  if (name.endsWith('.sse')) return Buffer.from(`${bytes.toString('utf8').trimEnd()}\n\n`)
  const frames = bytes.toString('utf8').trim().split('\n')
  return Buffer.from(`${frames.map((frame) => `data: ${frame}\n\n`).join('')}data: [DONE]\n\n`)
}

const isOther = (name: string) => /openai-(completion|embedding)|error/.test(name)

export const chatStreams = load(['.txt', '.sse'], (name) => !isOther(name))
export const chatBodies = load(['.json'], (name) => !isOther(name))
export const completionStreams = load(['.txt'], (name) => name.startsWith('openai-completion/'))
export const otherBodies = load(['.json'], isOther)

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
