// The audit trail of a running service: what is on disk when an answer leaves, what becomes of requests when it cannot
// be written, and what a kill leaves behind.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, test } from 'vitest'
import { type AuditPlace, auditPlace, unpaired } from '../kit/audit-trail.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'
import { chatBody, eventually, isRecord, metricsOf, paths, post, told } from './asking.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const body = chatBody('sim/echo', 'a word that nobody else says: xylophagous')

let upstream: Simulator
beforeEach(async () => {
  upstream = await startSimulator()
})
afterEach(() => upstream.close())

const provider = (): string =>
  `providers: { sim: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", private: true } }\n`

async function serve(place: AuditPlace, more = ''): Promise<RunningService> {
  const service = await startService({ yaml: `${provider()}${place.yaml}${more}` })
  onTestFinished(() => service.stop())
  return service
}

function placed(audit = ''): AuditPlace {
  const place = auditPlace(audit)
  onTestFinished(() => place.remove())
  return place
}

const ask = (service: RunningService, text = body) => post(service.url, paths.openai, text)

test('I1 the start of a request is on disk when its answer comes, and its end follows', async () => {
  const place = placed()
  const service = await serve(place)
  const { headers, status } = await ask(service)
  const id = headers.get('x-request-id')
  expect(status).toBe(200)
  expect(place.records()).toContainEqual(expect.objectContaining({ kind: 'start', request_id: id, message_count: 1 }))
  await eventually(() => unpaired(place.records()).open.length === 0, 'the end is written')
  expect(place.records().at(-1)).toMatchObject({ kind: 'end', request_id: id, outcome: 'completed', provider: 'sim' })
})

test('no word of a prompt or an answer is in the database or what stands beside it', async () => {
  const place = placed()
  const service = await serve(place)
  await ask(service)
  await service.stop()
  for (const file of [place.path, `${place.path}-audit-0.head`])
    expect(readFileSync(file, 'latin1')).not.toContain('xylophagous')
})

test('I10 metrics and trail agree, whatever becomes of requests', async () => {
  const place = placed()
  const service = await serve(place, 'limits: []\n')
  upstream.enqueue({ kind: 'status', status: 400 }, { kind: 'answer' })
  for (let index = 0; index < 5; index++) await ask(service)
  await ask(service, chatBody('sim/echo', 'x', { stream: true }))
  await ask(service, chatBody('no-such-model'))
  await eventually(() => unpaired(place.records()).open.length === 0, 'all ends are written')
  const outcomes = place.records().flatMap((record) => (record.kind === 'end' ? [record['outcome']] : []))
  const metrics = await metricsOf(service)
  const counted = [...metrics.matchAll(/^ai_requests_total\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  )
  expect(outcomes).toHaveLength(7)
  expect(counted).toBe(7)
  expect(outcomes.filter((outcome) => outcome === 'refused').length).toBeGreaterThanOrEqual(1)
  expect(metrics).toMatch(/^ai_audit_records_total\{outcome="recorded"\} 14$/m)
  expect(metrics).toMatch(/^ai_queue_depth\{queue="audit"\} 0$/m)
})

test('a request that is refused before anybody is known, or before its body is read, fills no trail', async () => {
  const place = placed()
  const service = await serve(place, 'auth: { mode: keys, keys: [] }\n')
  expect((await ask(service)).status).toBe(401)
  await service.stop()
  expect(place.records().filter(({ kind }) => kind !== 'admin')).toEqual([])
})

test('a client that leaves, and a stream that breaks, are in the trail as that', async () => {
  const place = placed()
  const service = await serve(place)
  upstream.setDefault({ kind: 'answer', firstByteMs: 5_000 })
  const gone = new AbortController()
  const asking = fetch(`${service.url}${paths.openai}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: gone.signal,
  }).catch(() => undefined)
  await eventually(() => upstream.requests.length > 0, 'the provider is asked')
  gone.abort()
  await asking
  const outcome = (): unknown => place.records().findLast(({ kind }) => kind === 'end')?.['outcome']
  await eventually(() => outcome() === 'cancelled', 'the end is written')
})

test('SIGTERM flushes the trail before the process ends', async () => {
  const place = placed()
  const service = await serve(place)
  await Promise.all(Array.from({ length: 40 }, () => ask(service)))
  service.signal('SIGTERM')
  expect(await service.exited).toBe(0)
  expect(unpaired(place.records())).toEqual({ open: [], wrong: [] })
  expect((await place.audit('verify')).code).toBe(0)
})

describe('a store that does not take records', () => {
  const full = "CREATE TRIGGER full BEFORE INSERT ON audit_records BEGIN SELECT RAISE(ABORT, 'disk full'); END"

  it('F23 T32 refuses requests before the provider is asked, is not ready, and goes on by itself', async () => {
    const place = placed()
    const service = await serve(place)
    await ask(service)
    place.tamper(full)
    // The first one is let in; its answer does not leave.
    const first = await ask(service)
    expect([first.status, first.error.code]).toEqual([503, 'service_audit_away'])
    const before = upstream.requests.length
    const second = await ask(service)
    expect([second.status, second.error.code]).toEqual([503, 'service_audit_away'])
    expect(second.headers.get('retry-after')).toBe('2')
    expect(upstream.requests.length).toBe(before)
    const ready = await told(await fetch(`${service.url}/health/ready`))
    expect([ready.status, JSON.parse(ready.text)]).toEqual([503, { status: 'store-away', stores: ['audit'] }])
    place.tamper('DROP TRIGGER full')
    await eventually(async () => (await ask(service)).status === 200, 'it records again')
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200)
    await service.stop()
    expect(unpaired(place.records())).toEqual({ open: [], wrong: [] })
    expect((await place.audit('verify')).code).toBe(0)
  })

  it('lets them go on where the operator said so, and counts', async () => {
    const place = placed('  whenAway: allow')
    const service = await serve(place)
    await ask(service)
    place.tamper(full)
    for (let index = 0; index < 3; index++) expect((await ask(service)).status).toBe(200)
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200)
    await eventually(() => service.output().includes('the audit trail cannot record'), 'the log says so')
    place.tamper('DROP TRIGGER full')
  })
})

test('F52 stdout that nobody reads is a sink that is away after its deadline: 503, and no call to the provider', async () => {
  const place = placed('  sinks: [ { kind: stdout } ]')
  const port = await freePort()
  const config = join(place.folder, 'service.yaml')
  const server = `server: { port: ${port}, metrics: { port: 0 }, admin: { port: 0 }, drainDelay: 0s }\n`
  writeFileSync(config, `${server}${provider()}${place.yaml}`)
  const child: ChildProcess = spawn(process.execPath, [bin, '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}`
  await eventually(
    () =>
      fetch(`${url}/health/live`).then(
        () => true,
        () => false,
      ),
    'it listens',
    15_000,
  )
  // What stands between two processes takes some 200 KiB; then records wait, and the answers with them.
  const statuses = new Set<number>()
  for (let batch = 0; batch < 20 && !statuses.has(503); batch++) {
    const asking = Array.from({ length: 100 }, () => post(url, paths.openai, body))
    for (const { status } of await Promise.all(asking)) statuses.add(status)
  }
  expect(statuses).toEqual(new Set([200, 503]))
  const before = upstream.requests.length
  const { status, error } = await post(url, paths.openai, body)
  expect([status, error.code, upstream.requests.length]).toEqual([503, 'service_audit_away', before])
  child.stdout?.resume()
  await eventually(async () => (await post(url, paths.openai, body)).status === 200, 'it records again')
}, 40_000)

test('with both sinks the second one takes over, and each record is printed as it was sealed', async () => {
  const place = placed('  sinks: [ { kind: store }, { kind: stdout } ]')
  const service = await serve(place)
  await ask(service)
  place.tamper("CREATE TRIGGER full BEFORE INSERT ON audit_records BEGIN SELECT RAISE(ABORT, 'full'); END")
  const { status, headers } = await ask(service)
  expect(status).toBe(200)
  await eventually(() => service.output().includes(`"request_id":"${headers.get('x-request-id')}"`), 'it is printed')
  place.tamper('DROP TRIGGER full')
  await eventually(() => unpaired(place.records()).open.length === 0 && place.records().length > 4, 'it is stored, too')
  const printed = service
    .output()
    .split('\n')
    .filter((line) => line.includes('"prev_hash"'))
  expect(printed.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(
    place.records().map(({ seq }) => seq),
  )
})

describe('F27 at the start', () => {
  async function refusal(yaml: string, folder: string): Promise<{ code: number | null; err: string }> {
    const config = join(folder, 'service.yaml')
    writeFileSync(config, `server: { port: ${await freePort()}, metrics: { port: 0 } }\n${provider()}${yaml}`)
    const child = spawn(process.execPath, [bin, '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    let err = ''
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { code, err }
  }

  it('a damaged database is refused with 78 and what to do, and is not touched', async () => {
    const place = placed()
    const service = await serve(place)
    await ask(service)
    await service.stop()
    const file = openSync(place.path, 'r+')
    writeSync(file, Buffer.alloc(2_000, 0xa5), 0, 2_000, 0)
    closeSync(file)
    const before = readFileSync(place.path)
    const { code, err } = await refusal(place.yaml, place.folder)
    expect(code).toBe(78)
    expect(err).toMatch(/damaged.*ai-service restore/s)
    expect(readFileSync(place.path).equals(before)).toBe(true)
  })

  it('a folder that cannot be written is refused with 78 and what to set', async () => {
    const place = placed()
    mkdirSync(join(place.folder, 'sub'))
    writeFileSync(join(place.folder, 'sub', 'file'), '')
    const { code, err } = await refusal(`stores: { database: "sqlite:${place.folder}/sub/file/a.db" }\n`, place.folder)
    expect(code).toBe(78)
    expect(err).toMatch(/stores\.database.*audit: \{ enabled: false \}/s)
  })
})

// A tenth as a rule, all of it in the long run.
const kills = process.env['LONG'] === undefined ? 5 : 50

test(
  `F25 kill -9 × ${kills} under load: nothing acknowledged is lost, the chain is whole, what was open is closed`,
  async () => {
    const place = placed()
    upstream.setDefault({ kind: 'answer', firstByteMs: 15 })
    const answered = new Set<string>()
    for (let round = 0; round < kills; round++) {
      const service = await startService({ yaml: `${provider()}${place.yaml}` })
      let isOver = false
      const client = async (): Promise<void> => {
        while (!isOver) {
          // Killed in the middle: no answer, so nothing was promised.
          const response = await fetch(`${service.url}${paths.openai}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          }).catch(() => undefined)
          if (response?.status === 200) answered.add(response.headers.get('x-request-id') ?? '')
          await response?.arrayBuffer().catch(() => undefined)
        }
      }
      const clients = Array.from({ length: 8 }, client)
      // Anywhere in the life of a commit.
      await new Promise((resolve) => setTimeout(resolve, 300 + ((round * 37) % 211)))
      service.signal('SIGKILL')
      await service.exited
      isOver = true
      await Promise.all(clients)
    }
    const last = await startService({ yaml: `${provider()}${place.yaml}` })
    await last.stop()
    const records = place.records()
    const started = new Set(records.flatMap(({ kind, request_id }) => (kind === 'start' ? [request_id ?? ''] : [])))
    expect(answered.size).toBeGreaterThan(kills * 5)
    expect([...answered].filter((id) => !started.has(id))).toEqual([])
    expect(unpaired(records)).toEqual({ open: [], wrong: [] })
    expect(records.filter((record) => record['outcome'] === 'interrupted').length).toBeGreaterThan(0)
    const { code, out } = await place.audit('verify', '--json')
    const verified: unknown = JSON.parse(out)
    expect([code, isRecord(verified) && verified['ok']]).toEqual([0, true])
  },
  20_000 + kills * 8_000,
)
