// Heads in every cut, and spellings that two readers could take for two different things.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeadCollector, isField, isFieldSection, readFields } from './http-head.ts'

describe('readFields', () => {
  it('gives names as written and values without the blanks around them', () => {
    expect(readFields('Host: a\r\nX-Empty:\r\nx-tabs: \t b c\t \r\nx-none:d\r\n')).toEqual([
      'Host',
      'a',
      'X-Empty',
      '',
      'x-tabs',
      'b c',
      'x-none',
      'd',
    ])
    expect(readFields('')).toEqual([])
  })

  it.each([
    ['a blank before the colon', 'a : b\r\n'],
    ['a folded line', 'a: b\r\n c\r\n'],
    ['a folded line with a tab', 'a: b\r\n\tc\r\n'],
    ['a bare line feed', 'a: b\nc: d\r\n'],
    ['a bare carriage return', 'a: b\rc\r\n'],
    ['a NUL', 'a: b\0\r\n'],
    ['another control character', 'a: b\x1f\r\n'],
    ['DEL', 'a: b\x7f\r\n'],
    ['no colon', 'a b\r\n'],
    ['an empty name', ': b\r\n'],
    ['a name that is no token', 'a(b): c\r\n'],
    ['a name beyond ASCII', 'n\xe4me: c\r\n'],
    ['no end of line', 'a: b'],
    ['an empty line inside', 'a: b\r\n\r\nc: d\r\n'],
  ])('refuses %s', (_title, section) => {
    expect(readFields(section)).toBeUndefined()
    expect(isFieldSection(section)).toBe(false)
  })

  it('takes back what was written, whatever the values are', () => {
    const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/)
    const value = fc.stringMatching(/^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (fields) => {
        const section = fields.map(([key, text]) => `${key}: ${text}\r\n`).join('')
        expect(readFields(section)).toEqual(fields.flat())
      }),
    )
  })
})

it.each([
  ['x-a', 'b\r\nc: d', false],
  ['x-a', 'b\n', false],
  ['x-a', '\u0142', false],
  ['x-a: b\r\nc', 'd', false],
  ['', 'b', false],
  ['x-a', '', true],
  ['x-a', 'b c\t\xe9', true],
])('%j: %j is one header: %s', (name, value, expected) => {
  expect(isField(name, value)).toBe(expected)
})

describe('HeadCollector', () => {
  const head = 'GET / HTTP/1.1\r\nhost: a\r\n'
  const bytes = Buffer.from(`${head}\r\nbody`)

  it('finds the end of a head that is cut at any byte, and where the rest lies', () => {
    for (let cut = 0; cut < bytes.length; cut++) {
      const collector = new HeadCollector(1_000)
      const first = cut === 0 ? ({ kind: 'more' } as const) : collector.push(bytes.subarray(0, cut), 0)
      if (first.kind === 'head') {
        expect(first).toMatchObject({ text: head, rest: head.length + 2 })
        continue
      }
      expect(first).toEqual({ kind: 'more' })
      expect(collector.heldBytes).toBe(cut)
      const second = collector.push(bytes.subarray(cut), 0)
      expect(second).toEqual({ kind: 'head', text: head, rest: head.length + 2 - cut })
      expect(collector.heldBytes).toBe(0)
    }
  })

  it('begins where it is told to, byte by byte as well', () => {
    const collector = new HeadCollector(1_000)
    for (let at = 0; at < head.length + 1; at++)
      expect(collector.push(bytes.subarray(0, at + 1), at)).toEqual({ kind: 'more' })
    const end = head.length + 2
    expect(collector.push(bytes.subarray(0, end), end - 1)).toEqual({ kind: 'head', text: head, rest: end })
  })

  it('is bounded, in one piece and in many', () => {
    expect(new HeadCollector(10).push(bytes, 0)).toEqual({ kind: 'too-large' })
    const collector = new HeadCollector(10)
    expect(collector.push(Buffer.from('0123456789'), 0)).toEqual({ kind: 'more' })
    expect(collector.push(Buffer.from('a'), 0)).toEqual({ kind: 'too-large' })
  })

  it('does not wait for the end of a head whose lines end with bare line feeds', () => {
    expect(new HeadCollector(1_000).push(Buffer.from('GET / HTTP/1.1\nhost: a\n\n'), 0)).toEqual({ kind: 'malformed' })
    expect(new HeadCollector(1_000).push(Buffer.from('GET / HTTP/1.1\r\nhost'), 0)).toEqual({ kind: 'more' })
    for (const text of ['GET / HTTP/1.1\n', 'GET / HTTP/1.1\r\na: b\n', '\n']) {
      const collector = new HeadCollector(1_000)
      const results = Array.from(Buffer.from(text), (byte) => collector.push(Buffer.from([byte]), 0).kind)
      expect(results.indexOf('malformed')).toBe(text.length - 1)
    }
  })
})
