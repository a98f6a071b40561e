// TypeScript that pages and TSDoc show compiles against the packages as they are built.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Block, blocksIn, root } from './pages.ts'

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-docs-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Fragments, which show a form and stand on nothing. */
const isFragment = ({ code }: Block): boolean => code.includes('…')

/** The examples in TSDoc of ai-lib's sources. */
function documentedExamples(): readonly Block[] {
  const sources = join(root, 'packages', 'ai-lib', 'src')
  const files = readdirSync(sources, { withFileTypes: true, recursive: true }).filter(
    ({ name }) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  return files.flatMap(({ parentPath, name }) => {
    const path = join(parentPath, name)
    const found = readFileSync(path, 'utf8').matchAll(/^ *\* ```ts\n([\s\S]*?)^ *\* ```$/gm)
    return [...found].map(([, lines = ''], index) => ({
      at: `${relative(root, path)} (example ${index + 1})`,
      language: 'ts',
      code: lines.replace(/^ *\* ?/gm, ''),
    }))
  })
}

/** What the compiler says of them, by the places they stand at. */
function complaintsAbout(blocks: readonly Block[]): readonly string[] {
  const names = blocks.map(({ code }, index) => {
    const name = `block-${index}.ts`
    writeFileSync(join(folder, name), `${code}\nexport {}\n`)
    return name
  })
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }))
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', folder], { cwd: folder, encoding: 'utf8' })
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => line.replace(/^block-(\d+)\.ts/, (_, index: string) => blocks[Number(index)]?.at ?? ''))
}

test('TypeScript on the pages', () => {
  const blocks = blocksIn('ts').filter((block) => !isFragment(block))
  expect(blocks.length).toBeGreaterThan(7)
  expect(complaintsAbout(blocks)).toEqual([])
})

test('examples in the library’s TSDoc', () => {
  const blocks = documentedExamples()
  expect(blocks.length).toBeGreaterThan(5)
  expect(complaintsAbout(blocks)).toEqual([])
})

test('a sample that calls what is not there is found', () => {
  const wrong = { at: 'here', language: 'ts', code: "import { AiClient } from 'ai-lib'\nAiClient.withMagic()" }
  expect(complaintsAbout([wrong]).join()).toContain('here(2,10): error TS2339')
})
