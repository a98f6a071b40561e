// Exports a trail as JSON Lines: every chain in its order, and at the end how far each was signed to go.
import type { AuditStore } from '../stores/audit-store.ts'

const pageRecords = 500

/** A page of records, or one signed head; each line ends in its line break. */
export interface Exported {
  readonly kind: 'records' | 'head'
  readonly text: string
}

/** Chains are exported as far as their heads went when it began. */
export async function* exportTrail(store: AuditStore): AsyncGenerator<Exported> {
  const heads = await store.heads()
  for (const { writer, count } of heads) {
    for (let from = 1; from <= count; ) {
      const page = await store.read(writer, from, Math.min(pageRecords, count - from + 1))
      const wanted = page.filter(({ seq }) => seq <= count)
      if (wanted.length === 0) break
      yield { kind: 'records', text: wanted.map(({ text }) => `${text}\n`).join('') }
      from = (page.at(-1)?.seq ?? count) + 1
    }
  }
  for (const { head } of heads) yield { kind: 'head', text: `${head}\n` }
}

/** The newest records of all chains together, the oldest first. */
export async function latestRecords(store: AuditStore, limit: number): Promise<readonly string[]> {
  const found: { readonly time: string; readonly seq: number; readonly text: string }[] = []
  for (const { writer, count } of await store.heads()) {
    for (const { seq, text } of await store.read(writer, Math.max(1, count - limit + 1), limit))
      found.push({ time: timeOf(text), seq, text })
  }
  // By time between chains, by seq within one: its order is what was sealed, its clock may have been set back.
  return found
    .toSorted((left, right) => (left.time === right.time ? left.seq - right.seq : left.time < right.time ? -1 : 1))
    .slice(-limit)
    .map(({ text }) => text)
}

function timeOf(text: string): string {
  const { time } = JSON.parse(text) as { readonly time?: unknown }
  return typeof time === 'string' ? time : ''
}
