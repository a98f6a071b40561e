// Redacts a text: through its escapes, and again where a mark has laid open what stood behind it.
import { type DecodedView, decodedView } from './decoded-view.ts'
import { type Finding, withoutFindings } from './finding.ts'

/** Escapes within escapes that are looked through: JSON in JSON in a URL. */
const deepest = 3

/**
 * What `find` finds in the text as it stands and in each of its decodings, told in places of the text as it stands. A
 * secret of which letters are escaped goes with its escapes.
 */
export function findThroughEscapes(text: string, find: (text: string) => readonly Finding[]): readonly Finding[] {
  const found: Finding[] = []
  let view: DecodedView = { text, origin: (at) => at }
  for (let depth = 0; ; depth++) {
    const { origin } = view
    for (const finding of find(view.text))
      found.push(depth === 0 ? finding : { ...finding, from: origin(finding.from), to: origin(finding.to) })
    const inner = depth < deepest ? decodedView(view.text) : undefined
    if (inner === undefined) return found
    view = { text: inner.text, origin: (at) => origin(inner.origin(at)) }
  }
}

/** Keys written together without a sign between: each round takes one. */
const mostRounds = 8

/** @param find tells places in the text that it is given; the first round is 0. */
export function redactText(text: string, find: (text: string, round: number) => readonly Finding[]): string {
  for (let round = 0, shown = text; ; round++) {
    const findings = findThroughEscapes(shown, (view) => find(view, round))
    const redacted = findings.length === 0 ? shown : withoutFindings(shown, findings)
    if (redacted === shown || round === mostRounds) return redacted
    shown = redacted
  }
}
