// The threat model and the page of degradation name every row there is, tests that prove it, and what is proven in part only.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { notProven, proofPages, renderProofs, testsById } from '../../scripts/build-proof-docs.js'
import { root } from './pages.ts'

interface ProvenRow {
  readonly ids: readonly string[]
  readonly proof: string
}

const byId: ReadonlyMap<string, ReadonlySet<string>> = testsById()
const missing: ReadonlySet<string> = notProven()

/** Rows by the ids in their first cell (`T6`), or in their last (`F1 F2:`). */
function rowsOf(page: string): readonly ProvenRow[] {
  const lines = readFileSync(join(root, page), 'utf8').split('\n')
  return lines
    .filter((line) => line.startsWith('| '))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
      const [, first = ''] = cells
      const proof = cells.at(-2) ?? ''
      const ids = /^T\d+$/.test(first) ? [first] : (/^[F\d ]+(?=:)/.exec(proof)?.[0].split(' ') ?? [])
      return { ids, proof }
    })
    .filter(({ ids }) => ids.length > 0)
}

const [threats, faults] = proofPages.map(rowsOf)

test('each threat has one row, each fault at least one', () => {
  expect(threats?.flatMap(({ ids }) => ids)).toEqual(Array.from({ length: 40 }, (_, at) => `T${at + 1}`))
  const named = new Set(faults?.flatMap(({ ids }) => ids))
  expect([...named].toSorted()).toEqual(Array.from({ length: 52 }, (_, at) => `F${at + 1}`).toSorted())
})

test.each(proofPages.flatMap((page) => rowsOf(page).map((row) => [`${page}: ${row.ids.join(' ')}`, row] as const)))(
  '%s is proven by the tests it names (node scripts/build-proof-docs.js writes them)',
  (_at, { ids, proof }) => {
    const named = [...proof.matchAll(/\]\(\.\.\/([^)]+\.test\.ts)\)/g)].map(([, file = '']) => file)
    for (const file of named)
      expect(
        ids.some((id) => byId.get(id)?.has(file)),
        `${file} has a title with a number`,
      ).toBe(true)
    for (const id of ids) {
      const tests = byId.get(id)
      if (tests)
        expect(
          named.some((file) => tests.has(file)),
          `${id} has a test, and a link to it`,
        ).toBe(true)
    }
    const isOpen = ids.some((id) => missing.has(id))
    expect(/\[(in part|not yet)\]/.test(proof), 'says what is proven in part only').toBe(isOpen)
  },
)

test('what a page says is proven by nothing is found', () => {
  const page = '| T6 | a threat | a defence | [nothing](../tests/nothing.test.ts) |'
  expect(renderProofs(page)).not.toContain('nothing.test.ts')
  expect(renderProofs(page)).toContain('(../tests/security/egress.test.ts)')
})
