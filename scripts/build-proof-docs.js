// Writes the last column of docs/threat-model.md and docs/degradation.md: the tests whose titles begin with a row's number.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const reasons = '../tests/security/not-yet.md'
/** Of one number: more say less. */
const maxLinks = 4

export const proofPages = ['docs/threat-model.md', 'docs/degradation.md']

/** Files of tests by the ids in their titles: `T6`, `F17`. */
export function testsById() {
  const byId = new Map()
  for (const file of testFiles())
    for (const title of titlesIn(readFileSync(join(root, file), 'utf8')))
      for (const id of title.match(/\b[TF]\d{1,2}\b/g) ?? []) byId.set(id, (byId.get(id) ?? new Set()).add(file))
  return byId
}

/** Ids that tests/security/not-yet.md gives a reason for. */
export function notProven() {
  const text = readFileSync(join(root, 'tests/security/not-yet.md'), 'utf8')
  return new Set([...text.matchAll(/^\| ([TF]\d{1,2}) \|/gm)].map(([, id = '']) => id))
}

/** The page with its links written anew. */
export function renderProofs(page, tests = testsById(), missing = notProven()) {
  return page
    .split('\n')
    .map((line) => (/^\| T\d/.test(line) || /\bF\d{1,2}\b[^|]*\|$/.test(line) ? withProof(line, tests, missing) : line))
    .join('\n')
}

function withProof(line, tests, missing) {
  const cells = line.split(/(?<!\\)\|/)
  const own = cells[1].trim()
  const ids = own.startsWith('T') ? [own] : (cells.at(-2)?.match(/\bF\d{1,2}\b/g) ?? [])
  // A row of several numbers gets the best test of each, a row of one its best few.
  const each = Math.max(1, Math.floor(maxLinks / ids.length))
  const files = ids.flatMap((id) => [...(tests.get(id) ?? [])].toSorted(fromOutside).slice(0, each))
  const links = [...new Set(files)].map(link)
  const open = ids.filter((id) => missing.has(id))
  const rest = open.length === 0 ? [] : [`[${links.length === 0 ? 'not yet' : 'in part'}](${reasons})`]
  const numbers = own.startsWith('T') ? '' : `${ids.join(' ')}: `
  return [...cells.slice(0, -2), ` ${numbers}${[links.join(', '), ...rest].filter(Boolean).join('; ')} `, ''].join('|')
}

/** Tests over the running service say more than those beside a file. */
function fromOutside(one, other) {
  const rank = (file) => ['tests/security', 'tests/faults', 'tests/'].findIndex((folder) => file.startsWith(folder))
  const order = (file) => (rank(file) === -1 ? 3 : rank(file))
  return order(one) - order(other) || (one < other ? -1 : 1)
}

function link(file) {
  return `[${basename(file, '.test.ts')}](../${file})`
}

function testFiles() {
  return ['tests', 'packages', 'deploy', 'scripts'].flatMap((folder) => {
    try {
      return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.test.ts') && !/(^|\/)(node_modules|dist)\//.test(name))
        .map((name) => `${folder}/${name}`)
    } catch {
      return [] // A folder that is not there has no tests.
    }
  })
}

function titlesIn(text) {
  const titles = text.matchAll(/^\s*(?:(?:test|it|describe)(?:\.\w+\([^'"`]*\))?\(|\[?)\s*(['"`])(.*?)\1/gm)
  return [...titles].map(([, , title]) => title)
}

if (process.argv[1] === import.meta.filename)
  for (const name of proofPages) {
    const file = join(root, name)
    writeFileSync(file, renderProofs(readFileSync(file, 'utf8')))
  }
