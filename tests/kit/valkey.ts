// A real Redis-compatible server on a free port of this machine, that a test can stop in its tracks, fill, or kill.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programPath } from '../require.ts'
import { freePort } from './service.ts'

export interface ValkeyServer {
  readonly port: number
  /** `redis://127.0.0.1:PORT` */
  readonly url: string
  /** The reply as text, errors included: what redis-cli would print, more or less. */
  command(...words: readonly string[]): Promise<string>
  /** Stops the process where it stands: the kernel still accepts connections, nobody answers. */
  freeze(): void
  thaw(): void
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  revive(): Promise<void>
  stop(): Promise<void>
}

/** @param options as in redis.conf, each with its dashes: `--requirepass secret`. */
export async function startValkey(...options: readonly string[]): Promise<ValkeyServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'valkey-'))
  let child = await launch(port, folder, options)
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    command: (...words) => ask(port, words),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    async revive() {
      child = await launch(port, folder, options)
    },
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(port: number, folder: string, options: readonly string[]): Promise<ChildProcess> {
  const program = programPath('redis-server') ?? 'redis-server'
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn(program, [...fixed, ...options], { stdio: 'ignore' })
  const untilMs = Date.now() + 10_000
  for (;;) {
    const reply = await ask(port, ['PING']).catch(() => '')
    if (reply.includes('PONG') || reply.includes('NOAUTH')) return child
    if (Date.now() > untilMs) throw new Error('redis-server did not start.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

// Its own few lines of the protocol: a test must not learn the server's state through the client under test.
function ask(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.once('error', reject)
    socket.setTimeout(5_000, () => socket.destroy(new Error('no reply')))
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.once('end', () => resolve(text))
    socket.write(`*${words.length}\r\n${parts.join('')}*1\r\n$4\r\nQUIT\r\n`)
  })
}
