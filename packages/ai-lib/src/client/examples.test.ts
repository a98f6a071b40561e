// Every example in the TSDoc of the sources compiles against the built library, as a newcomer would paste it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const sources = fileURLToPath(new URL('..', import.meta.url))
const root = fileURLToPath(new URL('../../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ai-lib-examples-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Example {
  readonly from: string
  readonly code: string
}

function examplesIn(path: string): readonly Example[] {
  const text = readFileSync(path, 'utf8')
  const comments = [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].map(([comment]) => comment.replace(/^\s*\*( |$)/gm, ''))
  return comments.flatMap((comment) =>
    [...comment.matchAll(/@example[^\n]*\n```ts\n([\s\S]*?)```/g)].map(([, code]) => ({
      from: relative(sources, path),
      code: code ?? '',
    })),
  )
}

const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.includes('.test.'))
  .map((name) => join(sources, name))
const examples = files.flatMap(examplesIn)

it('every @example is fenced as ts, so that none escapes this test', () => {
  const marked = files.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/@example/g)].map(() => relative(sources, path)),
  )
  expect(examples.map(({ from }) => from)).toEqual(marked)
  expect(examples.length).toBeGreaterThan(5)
})

it('every example compiles', { timeout: 60_000 }, () => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    moduleDetection: 'force',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  for (const [index, { from, code }] of examples.entries())
    writeFileSync(join(folder, `${from.replace(/\W+/g, '-')}-${index}.ts`), code)
  let said = ''
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' })
  } catch (thrown) {
    said = thrown instanceof Error && 'stdout' in thrown ? String(thrown.stdout) : String(thrown)
  }
  expect(said).toBe('')
})
