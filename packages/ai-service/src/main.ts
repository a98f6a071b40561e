// The process: arguments, environment, streams and signals. No other file touches `process`.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { serve } from './app/serve.ts'
import { runCli } from './cli/program.ts'

// V8 puts objects of kinds that lived long while it warmed up straight into the old space. Here those are requests: each
// one that grew old keeps all it refers to until a full collection. Off, what survives a young collection halves (5.1 to
// 2.3 MB of 33 under 64 connections).
setFlagsFromString('--no-allocation-site-pretenuring')

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// A container's limit where there is one; 0 and absurd figures mean none.
const constrained = process.constrainedMemory()
const memoryLimitBytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()

// Whoever reads our output may stop (`ai-service check | head`): that is no fault of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

/**
 * Gives the system back what loading the program has left behind: 101 MB resident become 90, once, for 20 to 50 ms before
 * anybody can ask. V8 would do it by itself only under pressure, which an idle service never has; and it lends its
 * collector to new contexts alone.
 */
function shedStartMemory(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext("gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })")
  setFlagsFromString('--no-expose-gc')
}

/** Milliseconds in which what was closed lets go of the loop by itself. */
const exitMs = 2_000

/** A file on a mount that hangs holds a thread, which an orderly exit would wait for. */
function leave(code: number, looks = 2): void {
  if (!process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))) process.exit(code)
  // A file that is merely being read is none.
  if (looks > 1) return void setTimeout(() => leave(code, looks - 1), exitMs / 2)
  process.stderr.write('ai-service: all is written, and a file that is not answered for holds the exit: killed\n')
  process.kill(process.pid, 'SIGKILL')
}

/** In place of what the bin does with it while this program is loaded. */
function takeOver(signal: 'SIGTERM' | 'SIGINT', listener: () => void): void {
  const before = process.listeners(signal)
  // Added before the others go: a signal that comes while nobody listens, be it for a moment, is lost.
  process.on(signal, listener)
  for (const former of before) process.removeListener(signal, former)
}

const processEvents = {
  on(event: 'terminate' | 'interrupt' | 'reload' | 'fatal', listener: (thrown?: unknown) => void): void {
    switch (event) {
      case 'terminate':
        takeOver('SIGTERM', () => listener())
        return
      case 'interrupt':
        takeOver('SIGINT', () => listener())
        return
      case 'reload':
        process.on('SIGHUP', () => listener())
        return
      case 'fatal':
        process.on('uncaughtException', listener).on('unhandledRejection', listener)
    }
  },
}

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  version,
  versions: process.versions,
  specs: providerSpecs,
  nowMs: () => Date.now(),
  randomBytes,
  interrupted: () =>
    new Promise((resolve) => {
      processEvents.on('interrupt', () => resolve())
      processEvents.on('terminate', () => resolve())
    }),
  async start(loaded, { reload }) {
    shedStartMemory()
    const code = await serve({
      loaded,
      env: process.env,
      reload,
      stdout: process.stdout,
      stderr: process.stderr,
      events: processEvents,
      runtime: process,
      memoryLimitBytes,
      version,
    })
    // All is flushed. Whatever still holds the loop, an upstream's socket or a start that was given up, holds it no longer.
    setTimeout(() => leave(code), exitMs).unref()
    return code
  },
})
