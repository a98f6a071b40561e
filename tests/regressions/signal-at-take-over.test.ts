// A signal that came just as a command began to listen for it was lost, and the command ran for ever.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))

/** How a simulator ends that is interrupted at its first word. */
function interruptedAtOnce(): Promise<number | null> {
  const child = spawn(process.execPath, [bin, 'simulator', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout.once('data', () => child.kill('SIGINT'))
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 15_000)
  return new Promise((resolve) =>
    child.once('exit', (code) => {
      clearTimeout(tooLong)
      resolve(code)
    }),
  )
}

test('a command that is interrupted at its first word ends, each time', async () => {
  for (let round = 0; round < 10; round += 1) expect(await interruptedAtOnce(), `round ${round}`).toBe(0)
}, 60_000)
