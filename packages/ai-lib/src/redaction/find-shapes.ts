// Where a text holds something of a known shape.
import { fingerprintOf } from '../errors/fingerprint.ts'
import type { Finding } from './finding.ts'
import { type Shape, shapes } from './shapes.ts'

/** The surest first, as marks are named. */
export function findShapes(text: string): readonly Finding[] {
  const lower = text.toLowerCase()
  return shapes.flatMap((shape) =>
    shape.anchors.some((anchor) => lower.includes(anchor)) ? findShape(text, shape) : [],
  )
}

export function findShape(text: string, { what, pattern, isSecret }: Shape): readonly Finding[] {
  const findings: Finding[] = []
  for (const { indices } of text.matchAll(pattern)) {
    const [from, end] = indices?.[1] ?? indices?.[0] ?? [0, 0]
    // A full stop behind a key is the sentence's.
    const found = text.slice(from, end).replace(/[.:!?]{1,3}$/, '')
    if (found === '' || isSecret?.(found) === false) continue
    findings.push({ from, to: from + found.length, what, fingerprint: fingerprintOf(found) })
  }
  return findings
}
