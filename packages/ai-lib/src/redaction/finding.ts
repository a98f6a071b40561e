// What was found where in a text, and the text with marks in its place.

/** Letters from `from` up to `to` that must not be shown. */
export interface Finding {
  readonly from: number
  readonly to: number
  /** The kind of secret, in lower case with hyphens. */
  readonly what: string
  readonly fingerprint: string
}

/**
 * The text with `[redacted:<what>:<fingerprint>]` in place of every finding. Those that overlap become one mark, named
 * by the first in the list: whoever is surest of a secret comes first.
 */
export function withoutFindings(text: string, findings: readonly Finding[]): string {
  let rest = 0
  let written = ''
  for (const finding of mergedFindings(findings)) {
    const { from, to, what, fingerprint } = finding
    if (isOfMark(text, finding)) continue
    written += `${text.slice(rest, from)}[redacted:${what}:${fingerprint}]`
    rest = to
  }
  return written + text.slice(rest)
}

/** The fingerprint in a mark: eight hex digits that may stand behind a word such as `key:`. */
function isOfMark(text: string, { from, to }: Finding): boolean {
  return (
    to - from === 8 && text[to] === ']' && /\[redacted:[a-z0-9-]{1,80}:$/.test(text.slice(Math.max(0, from - 92), from))
  )
}

/** In the order of the text, none overlapping another. */
export function mergedFindings(findings: readonly Finding[]): readonly Finding[] {
  const ranked = findings
    .map((finding, rank) => ({ finding, rank }))
    .toSorted((a, b) => a.finding.from - b.finding.from)
  const merged: { finding: Finding; rank: number }[] = []
  for (const next of ranked) {
    const last = merged.at(-1)
    if (last === undefined || next.finding.from >= last.finding.to) {
      merged.push(next)
      continue
    }
    const surer = next.rank < last.rank ? next : last
    const to = Math.max(last.finding.to, next.finding.to)
    merged[merged.length - 1] = { rank: surer.rank, finding: { ...surer.finding, from: last.finding.from, to } }
  }
  return merged.map(({ finding }) => finding)
}
