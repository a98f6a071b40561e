// A real PostgreSQL for tests: a cluster in a temporary folder, on a free port, run by a user without privileges.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { programPath } from '../require.ts'
import { freePort } from './service.ts'

export interface Postgres {
  readonly port: number
  /** Makes an empty database; its URL. */
  createDatabase(): Promise<string>
  /** One statement in a database. */
  query(url: string, sql: string): Promise<readonly Record<string, unknown>[]>
  /** Ends it as a crash would, and starts it again. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const nobody = 65_534

export async function startPostgres(settings: readonly string[] = []): Promise<Postgres> {
  const bin = dirname(realpathSync(programPath('postgres') ?? ''))
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-postgres-'))
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0
  const identity = isRoot ? { uid: nobody, gid: nobody } : {}
  if (isRoot) chownSync(folder, nobody, nobody)
  const data = join(folder, 'data')
  const initial = [
    '-D',
    data,
    '-U',
    'test',
    '--auth=trust',
    '--no-sync',
    '--no-instructions',
    '--locale=C',
    '-E',
    'UTF8',
  ]
  execFileSync(join(bin, 'initdb'), initial, { ...identity, cwd: folder, stdio: 'pipe', env: {} })
  const port = await freePort()
  const options = ['listen_addresses=127.0.0.1', 'fsync=off', `unix_socket_directories=${folder}`, ...settings]
  const args = ['-D', data, '-p', String(port), ...options.flatMap((option) => ['-c', option])]
  let child: ChildProcess | undefined
  let count = 0
  const admin = `postgres://test@127.0.0.1:${port}/postgres`
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined) return
    const ended = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await ended
  }
  const start = async (): Promise<void> => {
    child = spawn(join(bin, 'postgres'), args, { ...identity, cwd: folder, stdio: 'ignore', env: {} })
    await untilReady(admin)
  }
  await start()
  return {
    port,
    query,
    start,
    async createDatabase() {
      const name = `test_${(count += 1)}`
      await query(admin, `CREATE DATABASE ${name}`)
      return `postgres://test@127.0.0.1:${port}/${name}`
    },
    // The way PostgreSQL itself calls immediate: no checkpoint, no goodbyes.
    kill: () => end('SIGQUIT'),
    async stop() {
      await end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows }: { rows: Record<string, unknown>[] } = await client.query(sql)
    return rows
  } finally {
    await client.end()
  }
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      await query(url, 'SELECT 1')
      return
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
