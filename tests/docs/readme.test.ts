// The samples of the README and of the banner do what they say, against the service as `npm start` starts it without a key.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../kit/service.ts'
import { needs, programPath } from '../require.ts'
import { blocksOf, pages, root } from './pages.ts'

const run = promisify(execFile)
const readme = pages.filter(({ name }) => name === 'README.md').flatMap(blocksOf)
const inDemo = readme.filter(({ code }) => code.includes('127.0.0.1:8080') && code.includes('simulator/echo'))

let folder = ''
let address = ''
let output = ''
let service: ChildProcess

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-docs-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const port = await freePort()
  address = `127.0.0.1:${port}`
  service = spawn(process.execPath, [join(root, 'packages', 'ai-service', 'bin', 'ai-service.js')], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', AI_SERVICE_PORT: String(port), AI_SERVICE_METRICS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    service.once('exit', () => reject(new Error(`The service did not start:\n${output}`)))
    service.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('"listening"') && output.includes('demo mode')) resolve()
    })
  })
})

afterAll(async () => {
  if (service.exitCode === null) {
    const exited = new Promise((resolve) => service.once('exit', resolve))
    service.kill('SIGTERM')
    // A second one ends the drain at once.
    setTimeout(() => service.kill('SIGTERM'), 100)
    await exited
  }
  rmSync(folder, { recursive: true, force: true })
})

function here(code: string): string {
  return code.replaceAll('127.0.0.1:8080', address)
}

needs('curl')('with curl', () => {
  const samples = inDemo.filter(({ language }) => language === 'sh')

  test('the README has a request to try', () => {
    expect(samples.length).toBeGreaterThan(0)
  })

  test.each(samples.map(({ at, code }) => [at, code] as const))('%s answers', async (_at, code) => {
    const { stdout } = await run('sh', ['-c', here(code)])
    expect(JSON.parse(stdout)).toMatchObject({ choices: [{ message: { content: 'Hello' } }] })
  })

  test('the request on the banner answers', async () => {
    const request = /^curl .*\\\n.*$/m.exec(output)?.[0] ?? ''
    const { stdout } = await run('sh', ['-c', request])
    expect(JSON.parse(stdout)).toMatchObject({ choices: [{ message: { content: 'Hello' } }] })
  })
})

const programs = inDemo.filter(({ language }) => language === 'ts')

test('the README shows both SDKs', () => {
  const text = programs.map(({ code }) => code).join('\n')
  expect(text).toContain("from 'openai'")
  expect(text).toContain("from '@anthropic-ai/sdk'")
})

test.each(programs.map(({ at, code }) => [at, code] as const))('%s prints the answer', async (at, code) => {
  const file = join(folder, `${at.replaceAll(/\W/g, '-')}.ts`)
  writeFileSync(file, here(code))
  const { stdout } = await run(process.execPath, [file], { cwd: folder })
  expect(stdout).toContain('ping')
})

needs('python-clients')('with the SDKs for Python', () => {
  const python = inDemo.filter(({ language }) => language === 'python')

  test('the README shows both', () => {
    expect(python).toHaveLength(2)
  })

  test.each(python.map(({ at, code }) => [at, code] as const))('%s prints the answer', async (_at, code) => {
    const { stdout } = await run(programPath('python-clients') ?? 'python', ['-c', here(code)], { cwd: folder })
    expect(stdout).toBe('ping\n')
  })
})

test('without a key the service is on this machine alone, and says how to add one', () => {
  expect(output).toContain(`http://${address}`)
  expect(output).toContain('OPENAI_API_KEY=')
})
