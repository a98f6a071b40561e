// Chunked bodies in every cut, and sizes, extensions and ends that only a lenient reader would take.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkedDecoder } from './chunked-decoder.ts'

interface Read {
  readonly body: string
  readonly state: 'open' | 'done' | 'malformed'
  /** Bytes that were not the body's. */
  readonly rest: string
}

function read(parts: readonly Buffer[]): Read {
  const decoder = new ChunkedDecoder()
  let body = ''
  let rest = ''
  for (const part of parts) {
    let at = 0
    while (at < part.length && decoder.state === 'open') {
      at = decoder.step(part, at)
      if (decoder.piece) body += decoder.piece.toString('latin1')
    }
    rest += part.toString('latin1', at)
  }
  return { body, state: decoder.state, rest }
}

const of = (text: string): Read => read([Buffer.from(text, 'latin1')])

describe('a chunked body', () => {
  const wire = '4;note="x y"\r\nWiki\r\nA\r\npedia in \r\r\n3\r\n\r\n.\r\n0;last\r\nX-Sum: 1\r\n\r\nnext'
  const body = 'Wikipedia in \r\r\n.'

  it('is read whole, with extensions and trailers dropped and the next message untouched', () => {
    expect(of(wire)).toEqual({ body, state: 'done', rest: 'next' })
  })

  it('is read the same cut at every byte, and byte by byte', () => {
    const bytes = Buffer.from(wire, 'latin1')
    for (let cut = 1; cut < bytes.length; cut++)
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual({ body, state: 'done', rest: 'next' })
    expect(read(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toMatchObject({ body, state: 'done' })
  })

  it('is never done before its last byte', () => {
    const end = wire.length - 'next'.length
    for (let cut = 0; cut < end; cut++) expect(of(wire.slice(0, cut)).state).toBe('open')
  })

  it.each([
    ['no size', '\r\n'],
    ['a sign', '+2\r\n{}\r\n0\r\n\r\n'],
    ['a prefix', '0x2\r\n{}\r\n0\r\n\r\n'],
    ['a blank before the size', ' 2\r\n{}\r\n0\r\n\r\n'],
    ['a blank behind the size', '2 \r\n{}\r\n0\r\n\r\n'],
    ['an empty extension', '2;\r\n{}\r\n0\r\n\r\n'],
    ['a control character in an extension', '2;a\0\r\n{}\r\n0\r\n\r\n'],
    ['a size line that ends with a bare line feed', '2\n{}\r\n0\r\n\r\n'],
    ['data that does not end where its size says', '2\r\n{}}\r\n0\r\n\r\n'],
    ['data that ends with a bare line feed', '2\r\n{}\n0\r\n\r\n'],
    ['a size no body can have', '1000000000000\r\n'],
    ['a trailer that is no header', '0\r\nno colon\r\n\r\n'],
    ['a folded trailer', '0\r\na: b\r\n c\r\n\r\n'],
    ['a size line without an end', '1'.repeat(1_100)],
    ['a control character deep in a long trailer', `0\r\na: ${'b'.repeat(2_000)}\0\r\n\r\n`],
    ['trailers without an end', `0\r\n${'x-a: 1\r\n'.repeat(1_100)}`],
  ])('with %s is malformed', (_title, text) => {
    expect(of(text).state).toBe('malformed')
  })

  it('with a control character deep in a trailer that comes in parts is malformed', () => {
    expect(read([Buffer.from(`0\r\na: ${'b'.repeat(2_000)}\0`), Buffer.from('\r\n\r\n')]).state).toBe('malformed')
  })

  it('takes back what was written, however it is chunked and cut', () => {
    const data = fc.uint8Array({ minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(fc.array(data), fc.array(fc.nat(200)), (chunks, cuts) => {
        const pieces = chunks.flatMap((chunk) =>
          [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n'].map((part) => Buffer.from(part)),
        )
        const bytes = Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
        const at = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length]
        const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
        const { body, state } = read(parts)
        expect(state).toBe('done')
        expect(Buffer.from(body, 'latin1')).toEqual(Buffer.concat(chunks))
      }),
    )
  })
})
