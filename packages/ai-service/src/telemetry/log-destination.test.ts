// The log never makes the service wait: readers may be slow, stop, or go away.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { openLogDestination } from './log-destination.ts'

const folder = mkdtempSync(join(tmpdir(), 'log-destination-'))
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A stream whose writes wait until the test lets them through. */
function pausedStream(): { stream: Writable; text: () => string; release: () => void } {
  let text = ''
  let held: (() => void) | undefined
  let isOpen = false
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const go = (): void => {
        text += chunk.toString()
        done()
      }
      if (isOpen) go()
      else held = go
    },
  })
  return {
    stream,
    text: () => text,
    release() {
      isOpen = true
      held?.()
    },
  }
}

describe('a file', () => {
  test('gets every line in order, flushed by close', async () => {
    const path = join(folder, 'log')
    const fd = openSync(path, 'w')
    closing.push(() => closeSync(fd))
    const destination = openLogDestination(fd)
    const lines = Array.from({ length: 20_000 }, (_, index) => `{"line":${index},"é":"\u{1f600}"}\n`)
    for (const line of lines) destination.write(line)
    await destination.close()
    expect(readFileSync(path, 'utf8') === lines.join('')).toBe(true)
    expect(destination.droppedLines).toBe(0)
  })

  test('after close takes nothing, and says so', async () => {
    const fd = openSync(join(folder, 'closed'), 'w')
    closing.push(() => closeSync(fd))
    const destination = openLogDestination(fd)
    await destination.close()
    destination.write('late\n')
    await destination.close()
    expect(destination.droppedLines).toBe(1)
  })
})

describe('a reader who stopped', () => {
  test('costs the oldest lines, which are counted and named once it is back', async () => {
    const { stream, text, release } = pausedStream()
    const destination = openLogDestination(stream, { maxQueued: 1_000, gatherMs: 0 })
    destination.write('first\n')
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    for (let line = 0; line < 1_000; line++) destination.write(`${String(line).padStart(9, '0')}\n`)
    expect(destination.droppedLines).toBe(900)
    release()
    await destination.close()
    const seen = text().trimEnd().split('\n')
    expect(seen[0]).toBe('first')
    expect(JSON.parse(seen[1] ?? '')).toMatchObject({ level: 'warn', dropped: 900 })
    expect(seen.slice(2)).toEqual(Array.from({ length: 100 }, (_, index) => String(900 + index).padStart(9, '0')))
  })

  test('does not hold close beyond its time', async () => {
    const { stream } = pausedStream()
    const destination = openLogDestination(stream, { gatherMs: 0 })
    destination.write('in flight\n')
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    destination.write('queued\n')
    await destination.close(20)
    expect(destination.droppedLines).toBe(1)
  })

  test('keeps neither the loop nor the exit of a real process waiting', async () => {
    const module = new URL('log-destination.ts', import.meta.url).href
    const script = `
      import { openLogDestination } from ${JSON.stringify(module)}
      const destination = openLogDestination(process.stdout)
      const line = 'x'.repeat(1023) + '\\n'
      let turns = 0
      const timer = setInterval(() => {
        for (let i = 0; i < 200; i++) destination.write(line)
        if (++turns < 50) return
        clearInterval(timer)
        destination.close(100).then(() => {
          process.stderr.write(JSON.stringify({ turns, dropped: destination.droppedLines }))
          process.exit(0)
        })
      }, 1)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    // Nobody reads stdout: 10 MB meet a pipe of 64 KB.
    let told = ''
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
    const [code] = (await once(child, 'exit')) as [number | null]
    child.stdout.destroy()
    expect({ code, told }).toEqual({ code: 0, told: expect.stringMatching(/^\{"turns":50,"dropped":\d{4}/) })
  })
})

test('a reader who is gone costs lines, not the process', async () => {
  const stream = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
  })
  const destination = openLogDestination(stream)
  destination.write('a\n')
  destination.write('b\n')
  await destination.close()
  expect(destination.droppedLines).toBe(2)
})
