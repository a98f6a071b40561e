// Configurations that change again and again while requests and streams run: none fails, each has exactly one version, and
// nothing stays behind.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type AuditPlace, auditPlace, unpaired } from '../kit/audit-trail.ts'
import { replaceConfig } from '../kit/live-config.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { chatBody, eventually, looksComplete, metricsOf, paths, post, residentBytes } from './asking.ts'

const isLong = Boolean(process.env['LONG'])
const reloads = isLong ? 1_000 : 100
const mebibyte = 1024 * 1024

let upstream: Simulator
let place: AuditPlace
let service: RunningService
beforeEach(async () => {
  upstream = await startSimulator({ record: false })
  place = auditPlace()
})
afterEach(async () => {
  await service.stop()
  place.remove()
  await upstream.close()
})

/** Many aliases: what is left behind of a configuration must be seen against what requests need. */
function yamlOf(index: number): string {
  const provider = (name: string): string =>
    `  ${name}: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:KEY } ] }\n`
  const endpoints = '[ { provider: one, model: echo }, { provider: two, model: echo, weight: 0.5 } ]'
  const aliases = Array.from({ length: 100 }, (_, alias) => `  alias-${alias}: { endpoints: ${endpoints} }\n`)
  return [
    place.yaml,
    `providers:\n${provider('one')}${provider('two')}${provider(`turn-${index % 2}`)}`,
    `models:\n  steady: { endpoints: ${endpoints}, health: { interval: 1s, probe: models } }\n  version-${index}: { endpoints: ${endpoints} }\n${aliases.join('')}`,
    `limits: [ { for: global, requests: ${1_000_000 + index}/1m, concurrent: 500 } ]\n`,
    'reload: { interval: 1s }\n',
    // The kit waits for the line that it listens; a line for each request would only cost the test time.
    index === 0 ? '' : 'telemetry: { logs: { level: warn } }\n',
  ].join('')
}

/** Asks one after the other until it is stopped. */
function keepAsking(ask: () => Promise<void>, atATime: number) {
  const failures: string[] = []
  let answered = 0
  let isOver = false
  const lines = Array.from({ length: atATime }, async () => {
    while (!isOver) {
      await ask().then(
        () => answered++,
        (error: unknown) => failures.push(String(error)),
      )
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  })
  return {
    async stop() {
      isOver = true
      await Promise.all(lines)
      return { answered, failures: failures.slice(0, 5) }
    },
  }
}

async function whole(): Promise<void> {
  const { status, text } = await post(service.url, paths.openai, chatBody('steady'))
  if (status !== 200) throw new Error(`${status} ${text}`)
}

async function stream(): Promise<void> {
  const body = chatBody('alias-7', 'one two three four five six seven eight', { stream: true })
  const { status, text } = await post(service.url, paths.openai, body)
  if (status !== 200 || !looksComplete(text)) throw new Error(`${status} ${text.slice(-500)}`)
}

/** Descriptors, and what is watched with them. */
function held({ pid }: RunningService): { readonly files: number; readonly watches: number } {
  const files = readdirSync(`/proc/${pid}/fdinfo`)
  const watches = files.reduce(
    (sum, file) => sum + (readInfo(`/proc/${pid}/fdinfo/${file}`).match(/^inotify /gm)?.length ?? 0),
    0,
  )
  return { files: files.length, watches }
}

function readInfo(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // Closed in the meantime.
  }
}

/** Cheaper than a scrape, and asked often. */
async function serves(index: number): Promise<boolean> {
  return (await fetch(`${service.url}/v1/models/version-${index}`)).ok
}

/** Bytes of the heap that are held; what is collected first takes a snapshot, whose file nobody wants. */
async function heapBytes(): Promise<number> {
  const snapshots = () => readdirSync(service.folder).filter((name) => name.endsWith('.heapsnapshot'))
  service.signal('SIGUSR2')
  await eventually(() => snapshots().length > 0, 'a snapshot of the heap', 60_000)
  // Answered again only once the snapshot is written.
  const used = Number(/^nodejs_heap_size_used_bytes (\d+)$/m.exec(await metricsOf(service))?.[1])
  for (const name of snapshots()) rmSync(join(service.folder, name))
  return used
}

/** A pause between requests: what is shown here is no speed. */
const pauseMs = 10

test(`F43 ${reloads} reloads under load: no request fails, each has one version, and nothing is left behind`, async () => {
  const env = { KEY: 'sk-turning-0123456789abcdef', NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' }
  service = await startService({ yaml: yamlOf(0), env })
  const running = [keepAsking(whole, 8), keepAsking(stream, 4)]
  const [early, late]: [number[], number[]] = [[], []]
  let before = { ...held(service), heap: 0 }
  for (let index = 1; index <= reloads; index++) {
    replaceConfig(service, yamlOf(index))
    await eventually(() => serves(index), `reload ${index}`, 30_000)
    if (index === reloads / 5) before = { ...held(service), heap: isLong ? await heapBytes() : 0 }
    // Lows between collections.
    if (index > reloads / 5 && index <= reloads / 2) early.push(residentBytes(service))
    if (index > (reloads * 7) / 10) late.push(residentBytes(service))
  }
  const after = { ...held(service), heap: isLong ? await heapBytes() : 0 }
  const [wholes, streams] = await Promise.all(running.map((one) => one.stop()))
  expect(wholes?.failures).toEqual([])
  expect(streams?.failures).toEqual([])
  expect(wholes?.answered).toBeGreaterThan(reloads)
  const metrics = await metricsOf(service)
  expect(metrics).toContain(`ai_config_reload_total{outcome="applied"} ${reloads}`)
  expect(metrics).toContain('ai_config_reload_total{outcome="rejected"} 0')
  expect(metrics.match(/^ai_config_version_info\{/gm)).toHaveLength(1)
  expect(after.watches).toBe(before.watches)
  expect(after.files).toBeLessThan(before.files + 40)
  // Memory needs many to be seen: garbage of a few reloads lies about. Beside the code a hundred are looked at exactly.
  if (isLong) staysLevel([before.heap, after.heap], [early, late])
  await service.stop()
  tellsVersions()
}, 1_500_000)

function staysLevel(heap: readonly [number, number], [early, late]: readonly [number[], number[]]): void {
  const [from, to] = heap.map((bytes) => bytes / mebibyte)
  const [first, last] = [Math.min(...early) / mebibyte, Math.min(...late) / mebibyte]
  process.stdout.write(
    `MiB: heap ${from?.toFixed(1)}, then ${to?.toFixed(1)}; resident ${first.toFixed(0)}, then ${last.toFixed(0)}\n`,
  )
  expect((to ?? 0) - (from ?? 0)).toBeLessThan(4)
  expect(last - first).toBeLessThan(25)
}

function tellsVersions(): void {
  const records = place.records()
  expect(unpaired(records)).toEqual({ open: [], wrong: [] })
  const applied = new Set(
    records
      .filter(({ action }) => action === 'config.reload' || action === 'service.start')
      .map((record) => record['config_version']),
  )
  expect(applied.size).toBe(reloads + 1)
  const versions = new Map<unknown, unknown>()
  for (const record of records) {
    if (record.kind === 'start') versions.set(record.request_id, record['config_version'])
    if (record.kind === 'end') expect(record['config_version']).toBe(versions.get(record.request_id))
  }
  expect([...new Set(versions.values())].filter((version) => !applied.has(version))).toEqual([])
  expect(new Set(versions.values()).size).toBeGreaterThan(reloads / 2)
}
