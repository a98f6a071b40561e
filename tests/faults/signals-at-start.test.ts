// A signal that comes before the service serves: it ends, it is not half open, and the next start finds all in order.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommand } from '../kit/command.ts'
import { freePort } from '../kit/service.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const env = { PATH: process.env['PATH'] ?? '', KEY: 'sk-signal-0123456789' }

let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-test-'))
  writeFileSync(
    join(folder, 'ai-service.yaml'),
    `server: { port: ${await freePort()}, metrics: { port: 0 }, admin: { port: 0 }, drainDelay: 60s }\nproviders: { openai: { baseUrl: "http://127.0.0.1:9/v1", private: true, keys: [ { secret: env:KEY } ] } }\n`,
  )
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function startHere() {
  const child = spawn(process.execPath, [bin], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  )
  return { child, ended, output: () => text }
}

async function untilListening(run: ReturnType<typeof startHere>): Promise<void> {
  while (!run.output().includes('"listening"')) await sleep(5)
}

test('F28 SIGTERM at any moment of a start ends it, without the delay for load balancers', async () => {
  const first = startHere()
  const startedMs = performance.now()
  await untilListening(first)
  const startMs = performance.now() - startedMs
  first.child.kill('SIGTERM')
  // A second one, half a second later, leaves out the rest of a delay that began.
  await sleep(600)
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  const ends: (number | NodeJS.Signals | null)[] = []
  for (const share of [0, 0.3, 0.6, 0.8, 0.95]) {
    const run = startHere()
    await sleep(startMs * share)
    run.child.kill('SIGTERM')
    // A start that came to its end before the signal did has the delay, and is told again.
    const hurry = setInterval(() => run.output().includes('"draining"') && run.child.kill('SIGTERM'), 600)
    ends.push(await run.ended)
    clearInterval(hurry)
    expect(run.output()).not.toMatch(/ {4}at |could not start/)
  }
  // Before its first line of JavaScript the process dies of the signal; while it is loaded it says so by its code.
  expect(ends.filter((end) => end !== 'SIGTERM' && end !== 143 && end !== 0)).toEqual([])
  const verified = await runCommand(['audit', 'verify', '--json'], { cwd: folder, env })
  expect([verified.code, verified.err]).toEqual([0, ''])
}, 120_000)

test('F28 SIGHUP while it starts does not end it', async () => {
  const run = startHere()
  while (run.output() === '' && run.child.exitCode === null) await sleep(1)
  run.child.kill('SIGHUP')
  await untilListening(run)
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(0)
}, 60_000)

test('F28 SIGTERM in the middle of a reload ends it as any other, whichever configuration serves by then', async () => {
  const path = join(folder, 'ai-service.yaml')
  const yaml = readFileSync(path, 'utf8').replace('drainDelay: 60s', 'drainDelay: 0s')
  writeFileSync(path, yaml)
  for (const pauseMs of [0, 5, 30]) {
    const run = startHere()
    await untilListening(run)
    writeFileSync(path, `${yaml}limits: [ { for: global, requests: ${pauseMs + 10}/1m } ]\n`)
    run.child.kill('SIGHUP')
    await sleep(pauseMs)
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(run.output()).toContain('"stopped"')
    expect(run.output()).not.toMatch(/ {4}at |fatal/)
    writeFileSync(path, yaml)
  }
}, 90_000)
