// The translation thread: the same bytes as on the spot, errors carried over, and a thread that dies is replaced.
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { type TranslationJob, translateRequest } from 'ai-lib/internal/lanes/translate-request'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { TranslationWorker } from './translation-worker.ts'

type Module = typeof import('./translation-worker.ts')

// A thread runs JavaScript: the built files are what runs in the service, so they are what is tested.
const built = fileURLToPath(new URL('../../dist/workers/translation-worker.js', import.meta.url))
const workers: TranslationWorker[] = []
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close()
})

async function open(path = built): Promise<TranslationWorker> {
  const module = (await import(pathToFileURL(path).href)) as Module
  const worker = module.createTranslationWorker()
  workers.push(worker)
  return worker
}

function job(more: Partial<TranslationJob> = {}, content: unknown = 'hi'): TranslationJob {
  const body = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], logit_bias: { 1: 2 } }))
  return { from: 'openai-chat', to: 'anthropic-messages', body, target: { model: 'claude', quirks: {} }, ...more }
}

async function errorOf(work: Promise<unknown>): Promise<AiError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof AiError) return thrown
  throw new Error(`no AiError: ${String(thrown)}`)
}

describe('the thread', () => {
  it('gives what translating on the spot gives: bytes, losses and all', async () => {
    const worker = await open()
    const anthropic = Buffer.from('{"model":"c","max_tokens":5,"messages":[{"role":"user","content":"hé 🚀"}]}')
    const jobs = [
      job(),
      job({ target: { model: 'x', quirks: {}, maxOutputTokens: 77 } }),
      job({ from: 'anthropic-messages', to: 'openai-chat', body: anthropic }),
      job({}, 'long '.repeat(200_000)),
    ]
    for (const one of jobs) {
      const [there, here] = [await worker.run(one), translateRequest(one)]
      expect(Buffer.from(there.body).equals(here.body)).toBe(true)
      expect({ losses: there.losses, streamUsage: there.streamUsage }).toEqual({
        losses: here.losses,
        streamUsage: here.streamUsage,
      })
    }
  })

  it('gives each of many at once its own answer', async () => {
    const worker = await open()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => worker.run(job({}, `number ${index}`))))
    for (const [index, { body }] of answers.entries())
      expect(Buffer.from(body).toString()).toContain(`number ${index}"`)
  })

  it('carries errors over with code, field and words', async () => {
    const worker = await open()
    for (const bad of [job({}, 5), job({ body: Buffer.from('{') }), job({ from: 'gemini' })]) {
      const there = await errorOf(worker.run(bad))
      const here = await errorOf(Promise.resolve().then(() => translateRequest(bad)))
      expect([there.code, there.message, there.details]).toEqual([here.code, here.message, here.details])
    }
    expect(await worker.run(job())).toBeDefined()
  })
})

describe('a thread that dies', () => {
  // The real worker file beside a thread of ours, which dies as it is told.
  const folder = mkdtempSync(join(tmpdir(), 'translation-worker-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const root = fileURLToPath(new URL('../../../..', import.meta.url))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const path = join(folder, 'translation-worker.js')
  copyFileSync(built, path)
  writeFileSync(
    join(folder, 'translation-thread.js'),
    `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ id, job }) => {
      if (job.target.model === 'exit') process.exit(3)
      if (job.target.model === 'throw') throw new Error('died')
      if (job.target.model !== 'silent') parentPort.postMessage({ kind: 'done', id, request: { body: job.body, losses: [], streamUsage: false } })
    })`,
  )
  const told = (model: string): TranslationJob => job({ target: { model, quirks: {} } })

  it.each(['exit', 'throw'])('by %s fails what it had, and the next request gets another', async (how) => {
    const worker = await open(path)
    const waiting = errorOf(worker.run(told('silent')))
    expect((await errorOf(worker.run(told(how)))).code).toBe('service_internal')
    expect((await waiting).code).toBe('service_internal')
    expect((await worker.run(told('fine'))).losses).toEqual([])
    expect((await errorOf(worker.run(told(how)))).code).toBe('service_internal')
    expect((await worker.run(told('fine'))).losses).toEqual([])
  })

  it('by being closed fails what it had, so that nobody waits for ever', async () => {
    const worker = await open(path)
    const waiting = errorOf(worker.run(told('silent')))
    await worker.close()
    expect((await waiting).code).toBe('service_internal')
  })
})
