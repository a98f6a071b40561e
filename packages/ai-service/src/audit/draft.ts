// A record before it has its place in the chain: canonical JSON in four pieces, with gaps where hash, prev_hash and seq go.
//
// The request path writes drafts and the audit thread seals them. As text they cross to it in one message per batch, and
// sealing is joining: nothing is parsed, sorted or written a second time.
import { canonicalJson } from './canonical-json.ts'

export interface Draft {
  readonly kind: string
  /** Empty where the record is about no request. */
  readonly requestId: string
  /**
   * Members with names before `hash`, between `hash` and `prev_hash`, between that and `seq`, and behind `seq`; each
   * with a comma behind it. The member `writer`, last of all, is added with the place.
   */
  readonly pieces: readonly [string, string, string, string]
}

const gaps = ['hash', 'prev_hash', 'seq', 'writer'] as const

/** @param fields without the members that sealing adds; names sort before `writer`. */
export function draftOf(kind: string, requestId: string, fields: Readonly<Record<string, unknown>>): Draft {
  const members = Object.entries({ ...fields, kind, ...(requestId === '' ? {} : { request_id: requestId }) })
    .filter(([, value]) => value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
  const between = (after: string, before: string): string =>
    members
      .filter(([name]) => name > after && name < before)
      .map(([name, value]) => `${canonicalJson(name)}:${canonicalJson(value)},`)
      .join('')
  const [hash, previous, seq, writer] = gaps
  return {
    kind,
    requestId,
    pieces: [between('', hash), between(hash, previous), between(previous, seq), between(seq, writer)],
  }
}

// Neither stands in JSON text: control characters are escaped there.
const part = '\u0000'
const line = '\n'

export function encodeDraft({ kind, requestId, pieces }: Draft): string {
  return `${kind}${part}${requestId}${part}${pieces[0]}${part}${pieces[1]}${part}${pieces[2]}${part}${pieces[3]}${line}`
}

/** Drafts from as many encoded ones in a row. */
export function decodeDrafts(text: string): Draft[] {
  return text
    .split(line)
    .filter((encoded) => encoded !== '')
    .map((encoded) => {
      const [kind = '', requestId = '', a = '', b = '', c = '', d = ''] = encoded.split(part)
      return { kind, requestId, pieces: [a, b, c, d] }
    })
}
