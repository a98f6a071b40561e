import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isWorthParsing } from './frame-search.ts'
import { eventsOf } from './streams.test.kit.ts'

function isFound(json: string): boolean {
  const [event] = eventsOf(Buffer.from(`data: ${json}\n\n`))
  return event !== undefined && isWorthParsing(event)
}

test('words are found wherever they stand', () => {
  const member = fc.constantFrom('"error":{}', '"error" : "x"', '"x":"error"', '"usage":{"a":1}', '"usage" :\t{}')
  const filler = fc.string({ maxLength: 20 }).map((text) => `"k":${JSON.stringify(text)}`)
  fc.assert(
    fc.property(fc.array(filler), member, fc.array(filler), (before, word, after) => {
      expect(isFound(`{${[...before, word, ...after].join()}}`)).toBe(true)
    }),
  )
})

test('text that quotes them, null usage and other words are passed over', () => {
  const quoted = fc.constantFrom('"error":{', '"usage":{"prompt_tokens":1}', 'usage', '{"error"', '\\"usage":{', '"')
  fc.assert(
    fc.property(fc.string(), quoted, fc.string(), (before, word, after) => {
      // A string that is the bare word is a value, which parsing settles.
      fc.pre(before !== '' || after !== '')
      const content = JSON.stringify(`${before} ${word} ${after}`)
      expect(isFound(`{"usage":null,"delta":{"content":${content}},"usages":{},"terror":{},"user":{}}`)).toBe(false)
    }),
  )
})

test('bytes behind the event are not searched', () => {
  const bytes = Buffer.from('data: {"a":1}\n\ndata: {"error":1}\n\n')
  const found = eventsOf(bytes).map((event) => isWorthParsing(event))
  expect(found).toEqual([false, true])
  const cut = { bytes, rawStart: 0, rawEnd: 31, hasData: true, dataStart: 0, dataEnd: 28, type: '' }
  expect(isWorthParsing(cut)).toBe(false)
})
