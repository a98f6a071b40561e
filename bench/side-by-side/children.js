// Child processes of the bench: each pinned to a core, each stopped by its own handle.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The gateway under test has this core for itself. */
export const gatewayCore = 0
/** Upstream and load share this one. */
export const loadCore = 1

const live = new Set()

/**
 * Starts a program on one core. What it says on stderr goes to `logFile`, its stdout to nowhere.
 * @returns {{ pid: number, stop(): Promise<void> }}
 */
export function startPinned(core, file, args, { logFile, env, cwd } = {}) {
  const log = logFile === undefined ? 'ignore' : openSync(logFile, 'a')
  // taskset becomes the program, so that the pid is the program's own.
  const child = spawn('taskset', ['-c', String(core), file, ...args], { stdio: ['ignore', 'ignore', log], env, cwd })
  if (logFile !== undefined) closeSync(log)
  const exited = once(child, 'exit')
  const handle = {
    pid: child.pid,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      live.delete(handle)
      if (handle.hasExited()) return
      child.kill('SIGTERM')
      const forced = setTimeout(() => child.kill('SIGKILL'), 3_000)
      await exited
      clearTimeout(forced)
    },
  }
  live.add(handle)
  return handle
}

/** Runs a program on one core to its end and gives its stdout. @throws where it fails. */
export function runPinned(core, file, args, options = {}) {
  return run('taskset', ['-c', String(core), file, ...args], options)
}

/** Runs a program to its end and gives its stdout. @throws where it fails. */
export async function run(file, args, options = {}) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}: ${texts.stderr || texts.stdout}`)
  return texts.stdout
}

/** Process ids of what runs now, for telling our own CPU time from that of others. */
export function livePids() {
  return [...live].map(({ pid }) => pid)
}

export async function stopAll() {
  await Promise.all([...live].map((handle) => handle.stop()))
}

/** A port that was free a moment ago, for programs that cannot say which one they took. */
export async function freePort() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until something accepts connections on a port. @throws after 20 s, or where the program has ended. */
export async function untilListening(port, name, handle) {
  const deadline = performance.now() + 20_000
  while (performance.now() < deadline) {
    if (handle.hasExited()) throw new Error(`${name} ended before it listened.`)
    if (await accepts(port)) return
    await sleep(50)
  }
  throw new Error(`${name} does not listen on port ${port} after 20 s.`)
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
