// Every threat T1–T40 and fault F1–F52 is a test's title somewhere, or a line in not-yet.md that says why not.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Ids in titles of tests and suites; the rest of a file (comments, bodies) does not count. */
function idsInTitles(): ReadonlySet<string> {
  const files = ['tests', 'packages'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !/(^|\/)(node_modules|dist)\//.test(name))
      .map((name) => `${root}${folder}/${name}`),
  )
  const titles = files.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /^\s*(?:(?:test|it|describe)(?:\.\w+\([^'"`]*\))?\(|\[?)\s*(['"`])(.*?)\1/gm,
      ),
    ].map(([, , title]) => title ?? ''),
  )
  return new Set(titles.flatMap((title) => title.match(/\b[TF]\d{1,2}\b/g) ?? []))
}

const text = readFileSync(new URL('./not-yet.md', import.meta.url), 'utf8')
const notYet = new Map(
  [...text.matchAll(/^\| ([TF]\d{1,2}) \| (.+) \|$/gm)].map(([, id, reason]) => [id ?? '', reason ?? '']),
)
const rows = [
  ...Array.from({ length: 40 }, (_, at) => `T${at + 1}`),
  ...Array.from({ length: 52 }, (_, at) => `F${at + 1}`),
]

test('every row is tested, or its absence has a reason', () => {
  const tested = idsInTitles()
  expect(rows.filter((id) => !tested.has(id) && !notYet.has(id))).toEqual([])
  for (const [id, reason] of notYet) {
    expect(rows, id).toContain(id)
    expect(reason.length, id).toBeGreaterThan(20)
  }
})
