// A large file that is read in a thread says the same, in value and places, as one that is read here.
import { expect, test } from 'vitest'
import { readDocument } from './read-document.ts'
import { readDocumentApart } from './read-document-apart.ts'

const aliases = Array.from(
  { length: 2_000 },
  (_, at) => `  a${at}: { endpoints: [ { provider: p, model: m${at} } ] }\n`,
)
const large = `models:\n${aliases.join('')}`

test('value and places are the same', async () => {
  const [here, apart] = [readDocument(large, 'c.yaml'), await readDocumentApart(large, 'c.yaml')]
  if (here.kind !== 'document' || apart.kind !== 'document') throw new Error('It is a document.')
  expect(apart.value).toEqual(here.value)
  const path = ['models', 'a1999', 'endpoints', 0, 'model']
  expect(apart.positions.of(path, 'value')).toEqual(here.positions.of(path, 'value'))
  expect(apart.positions.of(path, 'value')).toEqual({ line: 2_001, column: 47 })
})

test('problems are the same', async () => {
  const broken = `${large}providers: [`
  expect(await readDocumentApart(broken, 'c.yaml')).toEqual(readDocument(broken, 'c.yaml'))
  expect((await readDocumentApart(broken, 'c.yaml')).kind).toBe('unreadable')
})

test('a small one needs no thread', async () => {
  expect(await readDocumentApart('a: 1', 'c.yaml')).toMatchObject({ kind: 'document', value: { a: 1 } })
})
