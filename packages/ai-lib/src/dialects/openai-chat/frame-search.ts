// Finds the frames of a stream that say something about usage or errors, without parsing the others.
//
// Looks for `"error"` and `"usage"` at once, in steps of up to seven bytes (Horspool's search, both words being as long):
// a third of the time of two native searches (0.2 µs per frame), which stop at each of the many quotes in JSON.
import type { SseEvent } from '../../bytes/sse-decoder.ts'

const words = ['"error"', '"usage"'] as const
const last = 6
const quote = 0x22
const openBrace = 0x7b
const colon = 0x3a

const shifts = new Uint8Array(256).fill(last + 1)
for (const word of words)
  for (let at = 0; at < last; at++) {
    const byte = word.charCodeAt(at)
    shifts[byte] = Math.min(shifts[byte] ?? 1, last - at)
  }

/**
 * False where a frame certainly holds neither an error nor usage figures. In JSON text a quote inside a string is `\"`, so
 * that `"usage"` there is followed by a backslash and not found; a value (`"content":"error"`) is, and parsing settles it.
 */
export function isWorthParsing(event: SseEvent): boolean {
  if (event.type === 'error') return true
  const { bytes, dataEnd } = event
  for (let at = event.dataStart + last; at < dataEnd; ) {
    const byte = bytes[at] ?? 0
    if (byte === quote && bytes[at - last] === quote) {
      if (spells(bytes, at, words[0])) return true
      // OpenAI says `"usage":null` on every frame of a stream that will tell usage.
      if (spells(bytes, at, words[1]) && isObjectNext(bytes, at + 1, dataEnd)) return true
    }
    at += shifts[byte] ?? 1
  }
  return false
}

function spells(bytes: Buffer, end: number, word: string): boolean {
  for (let back = 1; back < last; back++) if (bytes[end - back] !== word.charCodeAt(last - back)) return false
  return true
}

function isObjectNext(bytes: Buffer, from: number, end: number): boolean {
  let at = afterSpace(bytes, from, end)
  if (at >= end || bytes[at] !== colon) return false
  at = afterSpace(bytes, at + 1, end)
  return at < end && bytes[at] === openBrace
}

function afterSpace(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && isSpace(bytes[at])) at++
  return at
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}
