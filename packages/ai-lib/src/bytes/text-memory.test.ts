// Strings read sixteen bytes at once are read as byte by byte, wherever they lie and whatever is in them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanJson } from './json-scan.ts'
import { holdText, stringReader } from './text-memory.ts'

const wanted = new Set(['model', 'stream'])

/** What the scan says of a text: its fields, or its complaint. */
function said(bytes: Buffer): unknown {
  try {
    const { fields, ...rest } = scanJson(bytes, 'caller_invalid_json', wanted)
    return { ...rest, fields: [...fields] }
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : thrown
  }
}

function held(text: Buffer): Buffer {
  const bytes = holdText([text.subarray(0, 3), text.subarray(3)])
  if (bytes === undefined) throw new Error('This runtime has no vectors.')
  return bytes
}

describe('a held text', () => {
  it('is the pieces in a row', () => {
    expect(held(Buffer.from('{"model":"m"}')).toString()).toBe('{"model":"m"}')
    expect(stringReader(Buffer.from('{}'))).toBeUndefined()
    expect(holdText([Buffer.alloc(5 * 1024 * 1024)])).toBeUndefined()
    expect(held(Buffer.alloc(3 * 1024 * 1024, 32)).length).toBe(3 * 1024 * 1024)
  })

  it.each(['"', '\\', '\\"', '\\u12aF', '\\u12aG', '\\u12', '\\x', '\n', '\0', '\x1f', '\\/', 'ä', '\x7f', ' '])(
    'with %j at any place of a string is read as byte by byte',
    (mark) => {
      for (let before = 0; before < 40; before++) {
        for (const behind of ['', 'x', '"', '"}', 'x"}', 'y'.repeat(20) + '"}']) {
          const text = Buffer.from(`{"model":"${'a'.repeat(before)}${mark}${behind}`)
          expect(said(held(text)), text.toString()).toEqual(said(text))
        }
      }
    },
  )

  it('is scanned as any other, whatever is in it and wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 4 }),
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.nat(),
        (json, model, cut) => {
          const text = Buffer.from(`{"model":${JSON.stringify(model)},"a":${json},"stream":true}`)
          expect(said(held(text))).toEqual(said(text))
          const part = text.subarray(0, cut % text.length)
          expect(said(held(part))).toEqual(said(part))
        },
      ),
    )
  })
})
