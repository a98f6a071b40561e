// The arrow check names a planted violation of each kind and stays quiet about clean code.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const script = join(import.meta.dirname, 'check-arrows.js')
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arrows-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Writes files, runs the check over them and gives its exit code and words. */
async function check(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly words: string }> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, folder], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, words: stdout + stderr })
    })
  })
}

const lib = 'packages/ai-lib/src'
const service = 'packages/ai-service/src'
const thing = 'export const thing = 1\nexport interface Thing { readonly a: string }\n'

describe('imports along the arrows', () => {
  test('pass', async () => {
    const { code, words } = await check({
      [`${lib}/errors/ai-error.ts`]: thing,
      [`${lib}/bytes/sse.ts`]: `export { thing } from '../errors/ai-error.ts'\n`,
      [`${lib}/dialects/dialect.ts`]: thing,
      [`${lib}/dialects/gemini/index.ts`]: `export { thing } from '../dialect.ts'\nexport * from './reader.ts'\n`,
      [`${lib}/dialects/gemini/reader.ts`]: `export const reader = 1\n`,
      [`${lib}/dialects/registry.ts`]: `export { thing } from './gemini/index.ts'\n`,
      [`${lib}/errors/ai-error.test.ts`]: `import '../dialects/registry.ts'\n`,
      [`${service}/app.ts`]: `import './http/pump.ts'\n`,
      [`${service}/http/pump.ts`]: `import '../exchange/exchange.ts'\n`,
      [`${service}/exchange/exchange.ts`]: thing,
    })
    expect(words).toContain(' 0 imports against the arrows')
    expect(code).toBe(0)
  })
})

describe('a planted violation is named', () => {
  test.each([
    {
      rule: 'ai-lib-errors',
      from: `${lib}/errors/a.ts`,
      text: `import type { Thing } from '../bytes/b.ts'\nexport type A = Thing\n`,
      other: `${lib}/bytes/b.ts`,
    },
    {
      rule: 'ai-lib-providers',
      from: `${lib}/providers/x.ts`,
      text: `import '../dialects/registry.ts'\n`,
      other: `${lib}/dialects/registry.ts`,
    },
    {
      rule: 'ai-service-http',
      from: `${service}/http/a.ts`,
      text: `import '../config/b.ts'\n`,
      other: `${service}/config/b.ts`,
    },
    {
      rule: 'dialect-siblings',
      from: `${lib}/dialects/gemini/a.ts`,
      text: `import '../other/b.ts'\n`,
      other: `${lib}/dialects/other/b.ts`,
    },
    {
      rule: 'dialect-siblings',
      from: `${lib}/dialects/gemini/a.ts`,
      text: `import '../registry.ts'\n`,
      other: `${lib}/dialects/registry.ts`,
    },
    {
      rule: 'provider-siblings',
      from: `${lib}/providers/groq.ts`,
      text: `import './openai.ts'\n`,
      other: `${lib}/providers/openai.ts`,
    },
    {
      rule: 'policy-siblings',
      from: `${service}/policies/cache.ts`,
      text: `import './auth.ts'\n`,
      other: `${service}/policies/auth.ts`,
    },
    {
      rule: 'library-stands-alone',
      from: `${lib}/client/a.ts`,
      text: `import 'ai-service'\n`,
      other: `${lib}/client/b.ts`,
    },
    {
      rule: 'simulator-stands-alone',
      from: 'packages/simulator/src/a.ts',
      text: `import 'ai-lib/internal/errors/ai-error'\n`,
      other: 'packages/simulator/src/b.ts',
    },
    {
      rule: 'pure-rooms-do-no-input-output',
      from: `${lib}/lanes/a.ts`,
      text: `import 'node:fs/promises'\n`,
      other: `${lib}/lanes/b.ts`,
    },
    {
      rule: 'no-child-processes',
      from: `${service}/http/a.ts`,
      text: `import 'node:child_process'\n`,
      other: `${service}/http/b.ts`,
    },
    {
      rule: 'no-vm',
      from: `${service}/http/a.ts`,
      text: `import 'node:vm'\n`,
      other: `${service}/main.ts`,
    },
    {
      rule: 'no-process-outside-main',
      from: `${service}/http/a.ts`,
      text: `import 'node:process'\n`,
      other: `${service}/http/b.ts`,
    },
    { rule: 'known-rooms', from: `${lib}/misc/a.ts`, text: thing, other: `${lib}/errors/b.ts` },
    {
      rule: 'no-cycles',
      from: `${lib}/chat/a.ts`,
      text: `import type { B } from './b.ts'\nexport type A = B | 1\n`,
      other: `${lib}/chat/b.ts`,
      otherText: `import type { A } from './a.ts'\nexport type B = A | 2\n`,
    },
  ])('$rule: $from', async ({ rule, from, text, other, otherText }) => {
    const { code, words } = await check({ [from]: text, [other]: otherText ?? thing })
    expect(words).toContain(`${rule}: `)
    expect(words).toContain(from)
    expect(words).toContain('1 imports against the arrows')
    expect(code).toBe(1)
  })
})
