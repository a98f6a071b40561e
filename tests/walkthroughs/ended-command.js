// `ai-service` for the shell blocks of pages: runs the command, and interrupts those that would run until somebody does.
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '..', '..', 'packages', 'ai-service', 'bin', 'ai-service.js')
const args = process.argv.slice(2)

/** What a command that does not end by itself says once it does what it is for; undefined where it ends. */
function sign() {
  if (args.length === 0 || args[0] === 'start') return '"listening"'
  if (args[0] === 'simulator') return 'http://'
  return args.includes('--follow') ? '"seq"' : undefined
}

const wanted = sign()
const isBare = args.length === 0
const child = spawn(process.execPath, [bin, ...args], {
  // Without a file of its own it starts from the environment alone.
  cwd: isBare ? mkdtempSync(join(tmpdir(), 'ai-service-docs-')) : process.cwd(),
  stdio: wanted === undefined ? 'inherit' : ['inherit', 'pipe', 'inherit'],
})
let said = ''
let seen = false
child.stdout?.on('data', (chunk) => {
  said += chunk.toString()
  if (seen || !said.includes(wanted)) return
  seen = true
  process.stdout.write(said)
  child.kill('SIGINT')
})
child.once('close', (code) => {
  if (wanted !== undefined && !seen) process.stdout.write(said)
  process.exitCode = wanted !== undefined && seen ? 0 : (code ?? 1)
})
