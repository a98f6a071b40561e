// Types that applications see are made of types that they can name: nothing of the library's inside shows.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './pages.ts'

const dist = join(root, 'packages', 'ai-lib', 'dist')

/** Types that only the library's own rooms look into; applications pass them around, or never meet them. */
const opaque: ReadonlySet<string> = new Set([
  // What a stream's `failure` event would hold; `ChatCompletionEvent` leaves that event out.
  'UpstreamFailure',
  // `KeyRing.pool`, which the attempt loop draws from.
  'KeyPool',
])

/** `export { a, type b as c } from './x.ts'` of the index: names in the file, by file. */
function reexports(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const files = new Map<string, Map<string, string>>()
  const index = readFileSync(join(dist, 'index.d.ts'), 'utf8')
  for (const [, list = '', from = ''] of index.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)) {
    const names = files.get(from) ?? new Map<string, string>()
    files.set(from, names)
    for (const entry of list.split(',')) {
      const [inside = '', outside = inside] = entry
        .trim()
        .replace(/^type /, '')
        .split(' as ')
      if (inside !== '') names.set(inside, outside)
    }
  }
  return files
}

/** Top-level declarations of a file by name, without comments. */
function declarations(text: string): ReadonlyMap<string, string> {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
  const blocks = code.split(/^(?=(?:export )?(?:declare )?(?:interface|type|class|const|function|import|export)\b)/m)
  const named = blocks.map(
    (block) => [/(?:interface|type|class|const|function) (\w+)/.exec(block)?.[1], block] as const,
  )
  return new Map(named.flatMap(([name, block]) => (name === undefined ? [] : [[name, block] as const])))
}

/** Every name that a file brings in from another file of ours. */
function importedNames(text: string): readonly string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '')
  return [...code.matchAll(/import (?:type )?\{([^}]*)\} from '\.[^']*'/g)].flatMap(([, list = '']) =>
    list.split(',').flatMap(
      (entry) =>
        entry
          .trim()
          .replace(/^type /, '')
          .split(' as ')
          .at(-1) || [],
    ),
  )
}

const files = reexports()
const exported = new Set([...files.values()].flatMap((names) => [...names.keys()]))

test.each([...files])('%s', (file, names) => {
  const path = join(dist, file.replace(/\.ts$/, '.d.ts'))
  const text = readFileSync(path, 'utf8')
  const declared = declarations(text)
  const hidden = importedNames(text).filter((name) => !exported.has(name) && !opaque.has(name))
  const leaks = [...names.keys()].flatMap((name) => {
    const block = declared.get(name) ?? ''
    expect(block, `${name} is declared in ${dirname(file)}`).not.toBe('')
    return hidden.filter((inner) => new RegExp(`\\b${inner}\\b`).test(block)).map((inner) => `${name} shows ${inner}`)
  })
  expect(leaks).toEqual([])
})

describe('documentation', () => {
  test.each([...files])('of %s: every export says what it is, every value shows how it is used', (file, names) => {
    const text = readFileSync(join(dist, file.replace(/\.ts$/, '.d.ts')), 'utf8')
    for (const name of names.keys()) {
      const found = [
        ...text.matchAll(
          new RegExp(
            `(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*)?^export (?:declare )?(interface|type|class|const|function) ${name}\\b`,
            'gm',
          ),
        ),
      ]
      expect(found.length, name).toBeGreaterThan(0)
      for (const [, comment = '', kind] of found) {
        expect(comment.trim(), `${name} has a comment`).not.toBe('')
        const isValue = kind === 'class' || kind === 'const' || kind === 'function'
        if (isValue) expect(comment, `${name} has an example`).toContain('@example')
      }
    }
  })
})

test('what is called opaque is met somewhere', () => {
  const texts = [...files.keys()].map((file) => readFileSync(join(dist, file.replace(/\.ts$/, '.d.ts')), 'utf8')).join()
  for (const name of opaque) expect(texts).toContain(name)
})
