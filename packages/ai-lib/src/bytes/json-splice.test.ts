// Splicing changes what it is told to, and not one byte besides.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scanJson } from './json-scan.ts'
import { type Edit, spliceBytes } from './json-splice.ts'

const edit = (start: number, end: number, insert: string): Edit => ({ start, end, insert })

test('replaces, removes and inserts, in whatever order the edits come', () => {
  const body = Buffer.from('{"model":"a","n":1}')
  const edits = [edit(18, 18, ',"x":2'), edit(9, 12, '"longer"'), edit(13, 18, '')]
  expect(spliceBytes(body, edits).toString()).toBe('{"model":"longer",,"x":2}')
  expect(spliceBytes(body, edits.toReversed()).toString()).toBe('{"model":"longer",,"x":2}')
})

test('without edits the bytes are the same, and the original is never touched', () => {
  const body = Buffer.from('{"a":1}')
  expect(spliceBytes(body, []).equals(body)).toBe(true)
  spliceBytes(body, [edit(0, 7, '[]')]).fill(0)
  expect(body.toString()).toBe('{"a":1}')
})

test('equals the same edits on text, non-ASCII included', () => {
  const parts = fc.array(
    fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(parts, fc.string(), (pieces, tail) => {
      const edits: Edit[] = []
      let before = ''
      let after = ''
      for (const [kept, removed, inserted] of pieces) {
        const start = Buffer.byteLength(before + kept)
        edits.push(edit(start, start + Buffer.byteLength(removed), inserted))
        before += kept + removed
        after += kept + inserted
      }
      expect(spliceBytes(Buffer.from(before + tail), edits).toString()).toBe(after + tail)
    }),
  )
})

test('a spliced model leaves every other field as it was', () => {
  const object = fc.dictionary(fc.string({ maxLength: 12 }), fc.jsonValue(), { maxKeys: 6 })
  fc.assert(
    fc.property(object, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (rest, from, to) => {
      const value = { ...rest, model: from }
      const body = Buffer.from(JSON.stringify(value))
      const field = scanJson(body, 'caller_invalid_json', new Set(['model'])).fields.get('model')
      const spliced = spliceBytes(body, [edit(field!.valueStart, field!.valueEnd, JSON.stringify(to))])
      expect(JSON.parse(spliced.toString())).toEqual(JSON.parse(JSON.stringify({ ...value, model: to })))
    }),
  )
})

test('a plain Uint8Array with an offset is spliced where it lies', () => {
  const whole = new TextEncoder().encode('xx{"a":1}yy')
  expect(spliceBytes(whole.subarray(2, 9), [edit(5, 6, '22')]).toString()).toBe('{"a":22}')
})
