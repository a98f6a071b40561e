// Canonical JSON as RFC 8785 has it, and drafts whose joined pieces are exactly that.
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { decodeDrafts, draftOf, encodeDraft } from './draft.ts'
import { hashOf, noHash, seal } from './seal.ts'

describe('canonical JSON', () => {
  // The examples of RFC 8785, sections 3.2.2 to 3.2.3 and appendix B.
  it('sorts members by UTF-16 code units', () => {
    const value = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\u{fb33}': 'Hebrew',
      '1': 'One',
      '\u{1f600}': 'Emoji',
      '\u0080': 'Control',
      ö: 'Latin',
    }
    const names = [...canonicalJson(value).matchAll(/:"([A-Z]\w*)/g)].map(([, name]) => name)
    expect(names).toEqual(['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew'])
  })

  it('writes numbers and strings as ECMAScript does', () => {
    const numbers: unknown = JSON.parse('[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0]')
    expect(canonicalJson({ numbers, string: '€$\u000f\nA\'B"\\\\"/', literals: [null, true, false] })).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  it('refuses what JSON has no form for', () => {
    for (const value of [Number.NaN, Infinity, '\ud800', { a: () => 1 }, 1n])
      expect(() => canonicalJson(value)).toThrow(TypeError)
  })
})

describe('a sealed draft', () => {
  const fields = {
    actor: { user: 'é"\n' },
    zeta: undefined,
    route: '/v1',
    outcome: 'completed',
    tags: { b: '1', a: '2' },
    ttft_ms: 0.5,
  }

  it('is canonical, whole, and hashes to its own hash', () => {
    const draft = draftOf('end', 'req_1', fields)
    const [decoded] = decodeDrafts(encodeDraft(draft) + encodeDraft(draft))
    expect(decoded).toEqual(draft)
    const { text, hash } = seal(draft, { writer: 'w_1', seq: 7, previous: noHash })
    const record = JSON.parse(text) as Record<string, unknown>
    expect(canonicalJson(record)).toBe(text)
    expect(hashOf(record)).toBe(hash)
    expect(record).toEqual({
      ...JSON.parse(JSON.stringify(fields)),
      kind: 'end',
      request_id: 'req_1',
      seq: 7,
      writer: 'w_1',
      prev_hash: noHash,
      hash,
    })
  })
})
