// The contract of audit stores, which every implementation keeps.
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AuditStore, ChainConflict, type SealedRecord, type StoredHead } from './audit-store.ts'

export interface OpenedStore {
  readonly store: AuditStore
  /** The same database through a fresh connection. */
  reopen(): Promise<AuditStore>
}

export function record(writer: string, seq: number, kind = 'start', requestId = `req_${seq}`): SealedRecord {
  const rest = { kind, request_id: requestId, seq, writer }
  const text = JSON.stringify({ hash: hash('sha256', JSON.stringify(rest)), ...rest, text: 'é 🚀 \\u0000 \'"' })
  return { seq, kind, requestId, text }
}

export function headAt(writer: string, count: number, low = 1): StoredHead {
  return { writer, count, low, head: `{"count":${count}}` }
}

export function describeAuditStore(name: string, open: () => Promise<OpenedStore>): void {
  const records = [record('w_a', 1), record('w_a', 2), record('w_a', 3, 'end', 'req_1')]
  describeOrder(name, open, records)
  describeMishaps(name, open, records)
}

type Describe = (name: string, open: () => Promise<OpenedStore>, records: readonly SealedRecord[]) => void

const describeOrder: Describe = (name, open, records) => {
  describe(`the audit store: ${name}`, () => {
    it('has nothing at first', async () => {
      const { store } = await open()
      expect(await store.chainEnd('w_a')).toBeUndefined()
      expect(await store.heads()).toEqual([])
      expect(await store.writers()).toEqual([])
      expect(await store.read('w_a', 1, 10)).toEqual([])
      expect(await store.has('req_1', 'start')).toBe(false)
    })

    it('gives back what was appended, also through another connection', async () => {
      const { store, reopen } = await open()
      await store.append(records, headAt('w_a', 3, 2))
      for (const reader of [store, await reopen()]) {
        expect(await reader.chainEnd('w_a')).toEqual({ count: 3, low: 2, last: records[2]?.text })
        expect(await reader.read('w_a', 2, 10)).toEqual(records.slice(1).map(({ seq, text }) => ({ seq, text })))
        expect(await reader.read('w_a', 1, 2)).toHaveLength(2)
        expect(await reader.heads()).toEqual([headAt('w_a', 3, 2)])
        expect(await reader.has('req_1', 'end')).toBe(true)
        expect(await reader.has('req_2', 'end')).toBe(false)
      }
    })

    it('keeps the chains of writers apart', async () => {
      const { store } = await open()
      await store.append([record('w_b', 1)], headAt('w_b', 1))
      await store.append(records, headAt('w_a', 3))
      expect(await store.writers()).toEqual(['w_a', 'w_b'])
      expect((await store.read('w_b', 1, 10)).map(({ seq }) => seq)).toEqual([1])
    })
  })
}

const describeMishaps: Describe = (name, open, records) => {
  describe(`the audit store: ${name}, where things go wrong`, () => {
    it('F22 takes the same records again without a second row, as after a commit whose answer was lost', async () => {
      const { store } = await open()
      await store.append(records.slice(0, 2), headAt('w_a', 2))
      await store.append(records, headAt('w_a', 3))
      await store.append(records, headAt('w_a', 3))
      expect((await store.read('w_a', 1, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3])
    })

    it('refuses another record for a place that is taken, whole batch and all', async () => {
      const { store } = await open()
      await store.append(records, headAt('w_a', 3))
      const other = [record('w_a', 3, 'end', 'req_other'), record('w_a', 4)]
      await expect(store.append(other, headAt('w_a', 4))).rejects.toThrow(ChainConflict)
      expect((await store.chainEnd('w_a'))?.count).toBe(3)
      expect(await store.read('w_a', 4, 10)).toEqual([])
      // And works on.
      await store.append([record('w_a', 4)], headAt('w_a', 4))
      expect((await store.chainEnd('w_a'))?.count).toBe(4)
    })

    it('never takes a head back', async () => {
      const { store } = await open()
      await store.append(records, headAt('w_a', 3))
      await store.append(records.slice(0, 1), headAt('w_a', 1))
      expect((await store.heads())[0]?.count).toBe(3)
    })

    it('finds the starts without an end, from a seq on', async () => {
      const { store } = await open()
      await store.append([...records, record('w_a', 4)], headAt('w_a', 4))
      // Somebody else may have closed one.
      await store.append([record('w_b', 1, 'end', 'req_4')], headAt('w_b', 1))
      expect(await store.openStarts('w_a', 1)).toEqual([records[1]?.text])
      expect(await store.openStarts('w_a', 3)).toEqual([])
    })

    it('takes large batches', async () => {
      const { store } = await open()
      const many = Array.from({ length: 2_000 }, (_, index) => record('w_a', index + 1))
      await store.append(many, headAt('w_a', 2_000))
      expect((await store.read('w_a', 1_500, 10)).map(({ seq }) => seq)[0]).toBe(1_500)
    })
  })
}
