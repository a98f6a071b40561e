// A secret of its own in every place that holds one; then every kind of answer and fault; then nobody has seen any of them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, eventually, metricsOf } from '../faults/asking.ts'
import { openRaw } from '../faults/raw-socket.ts'
import { freePort } from '../kit/service.ts'
import { needs } from '../require.ts'
import { type Fault, faults } from './canary/faults.ts'
import { formsOf, hitsIn, planted } from './canary/secrets.ts'
import { filesIn, startWorld, type World } from './canary/world.ts'

/** Where a secret could turn up: read when everything is over, except for what a stop would take away. A sink is one line. */
interface Sink {
  readonly name: string
  readonly when: 'running' | 'stopped'
  read(world: World): string | Promise<string>
}

const seen: string[] = []
const sinks: readonly Sink[] = [
  { name: 'clients', when: 'stopped', read: () => seen.join('\n') },
  { name: 'metrics', when: 'running', read: ({ service }) => metricsOf(service) },
  { name: 'shared store', when: 'running', read: storeContent },
  { name: 'commands', when: 'running', read: (world) => commands(world).join('\n') },
  { name: 'log', when: 'stopped', read: ({ service }) => service.output() },
  { name: 'files', when: 'stopped', read: ({ folder }) => filesIn(join(folder, 'data')) },
  { name: 'traces', when: 'stopped', read: ({ collector }) => collector.text() },
  { name: 'backups', when: 'stopped', read: ({ folder }) => filesIn(join(folder, 'backups')) },
]

let world: World
beforeAll(async () => {
  world = await startWorld()
}, 60_000)
afterAll(() => world.stop())

async function ask(
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${world.callerKey}` },
): Promise<string> {
  const connection = await openRaw(world.service.url)
  const lines = Object.entries({
    host: 'a',
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  })
  connection.write(
    `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
  await connection.closed(15_000)
  seen.push(connection.text())
  connection.destroy()
  return connection.text()
}

const routes = [
  ['/v1/chat/completions', 'openai/echo'],
  ['/v1/chat/completions', 'anthropic/echo'],
  ['/v1/messages', 'anthropic/echo'],
  ['/v1/messages', 'openai/echo'],
  ['/v1/chat/completions', 'proxied/echo'],
  ['/v1/embeddings', 'openai/embed'],
] as const

async function askEverything(some: readonly Fault[] = faults): Promise<void> {
  for (const [at, fault] of some.entries()) {
    world.setFault(fault)
    const text = `asked ${at} ${planted.prompt.value} and more words`
    const asks = routes.flatMap(([path, model]) =>
      [false, true].map((stream) => ask(path, chatBody(model, text, { stream, input: text }))),
    )
    await Promise.all(asks)
  }
  world.setFault(() => undefined)
}

/** A key that came while the service ran is in as much danger as the others. */
async function rotate(): Promise<void> {
  world.rotate()
  let sent = ''
  world.setFault(({ headers }) => {
    sent = headers['authorization'] ?? ''
    return undefined
  })
  let count = 0
  const isNew = async (): Promise<boolean> => {
    count += 1
    await ask('/v1/chat/completions', chatBody('proxied/echo', `again ${count}`))
    return sent === `Bearer ${planted.rotatedKey.value}`
  }
  await eventually(isNew, 'the new key is used', 30_000)
}

/** Wrong and misplaced credentials, and secrets where names belong. */
async function askWrongly(): Promise<void> {
  const { callerKey } = world
  const nearly = `${callerKey.slice(0, -1)}${callerKey.endsWith('0') ? '1' : '0'}`
  for (const headers of [
    { authorization: `Bearer ${nearly}` },
    { 'x-api-key': nearly },
    { authorization: `Bearer ${planted.openaiKey.value}` },
    { authorization: `Bearer ${callerKey}`, 'x-api-key': nearly },
    { authorization: `Basic ${Buffer.from(callerKey).toString('base64')}` },
    {
      authorization: `Bearer ${callerKey}`,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tracestate: `vendor=${planted.openaiKey.value},other=${callerKey}`,
    },
    { authorization: `Bearer ${callerKey}`, 'x-ai-user': planted.openaiKey.value, 'x-ai-tags': `k=${callerKey}` },
  ]) {
    await ask('/v1/chat/completions', chatBody('openai/echo'), headers)
    await ask('/v1/messages', chatBody(`openai/${callerKey}`), headers)
  }
  await ask(`/v1/chat/completions/${callerKey}`, '{}')
  await ask(`/v1/chat/completions?key=${callerKey}&api_key=${planted.openaiKey.value}`, chatBody('openai/echo'))
}

function commands({ folder, yaml, run }: World): readonly string[] {
  const config = join(folder, 'canary.yaml')
  writeFileSync(
    config,
    `server: { port: ${freshPort}, metrics: { port: 0 }, admin: { credential: env:ADMIN } }\n${yaml}`,
  )
  const lines = [
    'check',
    'check --json',
    'doctor',
    'doctor --json',
    'audit verify',
    'audit tail --lines 10000 --json',
    'audit export',
    'backup now',
    'backup list --json',
    'backup verify',
  ]
  const restored = ['restore', '--to', join(folder, 'restored')]
  const all = [...lines.map((line) => line.split(' ')), restored].map((args) => run(...args, '--config', config))
  return [...all, run('schema')]
}

let freshPort = 0

/** Everything that the server has, as it writes it to a file. */
async function storeContent({ valkey, folder }: World): Promise<string> {
  await valkey?.command('SAVE')
  return filesIn(join(folder, 'store'))
}

describe('T17 B10 T18 a secret in every place', () => {
  test('is in no sink after every answer and fault, and neither is what was asked', async () => {
    const first = await ask('/v1/chat/completions', chatBody('proxied/echo', 'through the proxy'))
    expect(first).toContain('through the proxy')
    // Otherwise the canary was never in danger.
    const credentials = Buffer.from(world.proxySaw().replace('Basic ', ''), 'base64').toString()
    expect(credentials).toContain(planted.proxyPassword.value)
    await askEverything(faults.slice(0, 4))
    await rotate()
    await askEverything()
    await askWrongly()
    freshPort = await freePort()
    const read: Record<string, string> = {}
    const readAll = async (moment: Sink['when']): Promise<void> => {
      for (const { name, when, read: look } of sinks) if (when === moment) read[name] = await look(world)
    }
    await readAll('running')
    await world.service.stop()
    await readAll('stopped')
    expect(read['commands']).toContain('openai')
    expect(read['backups']).toContain('manifest')
    expect(world.collector.hasToken()).toBe(true)
    expect(read['traces']).toContain('gen_ai.request.model')
    expect(read['log']).toContain('traces are not delivered')
    expect(read['files']).toContain('SQLite format 3')
    expect(read['commands']).toContain('prev_hash')
    expect(read['metrics']).toContain('ai_requests_total')
    expect(read['log']?.length).toBeGreaterThan(10_000)
    expect(hitsIn(read, { ...planted, callerKey: { value: world.callerKey } })).toEqual([])
  }, 180_000)

  needs('redis-server')('the shared store is among the sinks', () => {
    test('it holds answers, with the password nowhere in them', () => {
      const dump = filesIn(join(world.folder, 'store'))
      expect(dump).toContain('ai-service')
      for (const form of formsOf(planted.storePassword.value)) expect(dump).not.toContain(form)
    })
  })

  test('would be found in any form, wherever it stood', () => {
    for (const form of formsOf(planted.openaiKey.value))
      expect(hitsIn({ log: `before ${form} after` }, { planted: planted.openaiKey })).toHaveLength(1)
  })
})
