// The library as it is published: what is in the tarball, how large it is, and that every kind of consumer can use it.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
let folder = ''
let tarball = ''
let installed = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-lib-package-'))
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: join(root, 'packages', 'ai-lib'),
    encoding: 'utf8',
  })
  tarball = join(folder, /"filename": "([^"]+)"/.exec(packed)?.[1] ?? '')
  // Unpacked by hand: installing would ask a registry, and there is nothing else to install.
  installed = join(folder, 'node_modules', 'ai-lib')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['xzf', tarball, '-C', installed, '--strip-components=1'])
  // Types of Node, as any project in TypeScript has them.
  const types = join(folder, 'node_modules', '@types', 'node')
  cpSync(join(root, 'node_modules', '@types', 'node'), types, { recursive: true })
  cpSync(join(root, 'node_modules', 'undici-types'), join(folder, 'node_modules', 'undici-types'), { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function bin(name: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', name), ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, said: `${stdout}${stderr}` }
}

describe('the tarball', () => {
  test('is what publint has nothing against', () => {
    const { status, said } = bin('publint/src/cli.js', tarball, '--strict')
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('All good!') as string })
  })

  test('has types for every way of importing it', () => {
    // One build, ESM: `require` of it works in every Node that the package supports, which attw does not know.
    const ignored = ['--ignore-rules', 'cjs-resolves-to-esm', '--profile', 'node16']
    expect(bin('@arethetypeswrong/cli/dist/index.js', tarball, ...ignored)).toMatchObject({ status: 0 })
  })

  test('holds the build, the licence and the page, and nothing else', () => {
    expect(readdirSync(installed).toSorted()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    const odd = files.filter((name) => !/\.(js|d\.ts|json|md)$|LICENSE$/.test(name) && !isFolder(name))
    expect([...odd, ...files.filter((name) => /\.test\.|fixtures|golden/.test(name))]).toEqual([])
  })

  test('is small: at most 400 kB packed and 2 MB installed, with nothing that it depends on', () => {
    expect(statSync(tarball).size).toBeLessThan(400_000)
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    const bytes = files.reduce((sum, name) => sum + (isFolder(name) ? 0 : statSync(join(installed, name)).size), 0)
    expect(bytes).toBeLessThan(2_000_000)
  })

  function isFolder(name: string): boolean {
    return statSync(join(installed, name)).isDirectory()
  }
})

describe('a program', () => {
  const body = `const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-1' })
console.log(client.currentProvider, Message.user('ping').role, typeof client.chatCompletionBatch)`

  function run(name: string, code: string): string {
    writeFileSync(join(folder, name), code)
    return execFileSync(process.execPath, [join(folder, name)], { cwd: folder, encoding: 'utf8' })
  }

  test('in ESM', () => {
    const code = `import { AiClient, Message, Provider } from 'ai-lib'\n${body}`
    expect(run('program.mjs', code)).toBe('openai user function\n')
  })

  test('in CommonJS, by require', () => {
    const code = `const { AiClient, Message, Provider } = require('ai-lib')\n${body}`
    expect(run('program.cjs', code)).toBe('openai user function\n')
  })
})

describe('TypeScript', () => {
  const code = `import { AiClient, type ChatCompletionRequest, type ConnectionOptions, Content, Message, type Metrics, Provider, type Tool } from 'ai-lib'

const metrics: Partial<Metrics> = { incrCounter: async (name, value = 1) => console.log(name, value) }
const options: ConnectionOptions = { apiKey: process.env['KEY'], timeoutMs: 30_000, metrics }
const tool: Tool = { type: 'function', name: 'look', schema: { type: 'object' } }
const request: ChatCompletionRequest = { messages: [Message.user([Content.text('ping')])], tools: [tool] }
export async function main(): Promise<number> {
  const client = new AiClient(Provider.OpenAI, options)
  const { usage } = await client.chatCompletion(request)
  for await (const event of client.chatCompletionStream(request)) if (event.type === 'part-delta') console.log(event.text)
  const [first] = await client.chatCompletionBatch([request], { concurrency: 2 })
  return first?.kind === 'answered' ? first.response.usage.totalTokens : usage.totalTokens
}
// @ts-expect-error -- a name that is none is found
new AiClient(Provider.OpenAI, { timeout: 1 })
`

  test.each([
    ['node16', 'program.mts', { module: 'node16', moduleResolution: 'node16' }],
    ['nodenext', 'program.mts', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['nodenext, from CommonJS', 'program.cts', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['a bundler', 'program.ts', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('of %s compiles against its types, its own files checked too', (_name, file, options) => {
    const project = join(folder, `project-${options.moduleResolution}-${file.replace('.', '-')}`)
    mkdirSync(project)
    writeFileSync(join(project, file), code)
    const compilerOptions = {
      ...options,
      target: 'es2023',
      lib: ['es2024', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: project, encoding: 'utf8' })
    expect(stdout).toBe('')
  })
})
