// A running service and other configurations: what is valid is taken over, what is not changes nothing, and what has not
// changed goes on as it was: keys, sockets, counts, streams.
import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTestCertificate } from '../../packages/simulator/dist/test-certificate.js'
import { auditPlace } from '../kit/audit-trail.ts'
import {
  configFileOf,
  reloadAfter,
  reloadsOf,
  replaceConfig,
  replaceText,
  serverSectionOf,
} from '../kit/live-config.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { chatBody, eventually, logLines, looksComplete, metricsOf, paths, post } from './asking.ts'

let first: Simulator
let second: Simulator
const closers: (() => Promise<void> | void)[] = []
beforeEach(async () => {
  first = await startSimulator({ record: 50 })
  second = await startSimulator({ record: 50 })
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  await first.close()
  await second.close()
})

const key = 'sk-live-one-0123456789abcdef'
const env = { KEY: key, KEY_TWO: 'sk-live-two-0123456789abcdef', KEY_THREE: 'sk-live-three-0123456789abcd' }
const provider = (name: string, upstream: Simulator, more = ''): string =>
  `  ${name}: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:KEY } ]${more} }\n`
const providers = (...entries: readonly string[]): string => `providers:\n${entries.join('')}`

async function serve(
  yaml: string,
  { server = '', env: more = {} }: { readonly server?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<RunningService> {
  const service = await startService({ yaml, server, env: { ...env, ...more } })
  closers.push(() => service.stop())
  return service
}

const ask = (service: RunningService, model = 'one/echo', headers = {}) =>
  post(service.url, paths.openai, chatBody(model), headers)
const outcomes = async (service: RunningService) =>
  Object.fromEntries(
    [...(await metricsOf(service)).matchAll(/ai_config_reload_total\{outcome="(\w+)"\} (\d+)/g)].map(
      ([, name = '', count]) => [name, Number(count)] as const,
    ),
  )
const versionOf = async (service: RunningService) =>
  [...(await metricsOf(service)).matchAll(/ai_config_version_info\{hash="(\w+)"\} 1/g)].map(([, hash]) => hash)
const isWell = async (service: RunningService) =>
  /^ai_config_last_reload_successful (\d)$/m.exec(await metricsOf(service))?.[1]

describe('what is noticed', () => {
  test('a file that is replaced: a provider joins, another one leaves, the version is told', async () => {
    const place = auditPlace()
    closers.push(() => place.remove())
    const service = await serve(`${place.yaml}${providers(provider('one', first))}`)
    const [before] = await versionOf(service)
    const told = await reloadAfter(service, () =>
      replaceConfig(service, `${place.yaml}${providers(provider('two', second))}`),
    )
    expect(told).toMatchObject({ level: 'info', previous_version: before, trigger: 'change' })
    expect((await ask(service, 'two/echo')).status).toBe(200)
    expect((await ask(service, 'one/echo')).status).toBe(404)
    expect(await versionOf(service)).toEqual([told['config_version']])
    expect(await outcomes(service)).toEqual({ applied: 1, unchanged: 0, rejected: 0 })
    await eventually(() => place.records().filter(({ kind }) => kind === 'end').length === 2, 'both ends')
    const records = place.records()
    expect(records.filter(({ action }) => action === 'config.reload')).toMatchObject([
      { kind: 'admin', outcome: 'applied', previous_version: before, config_version: told['config_version'] },
    ])
    expect(new Set(records.filter(({ kind }) => kind !== 'admin').map((record) => record['config_version']))).toEqual(
      new Set([told['config_version']]),
    )
  })

  test('a ConfigMap: the link beside the file is swapped, the file itself never is', async () => {
    const service = await serve(providers(provider('one', first)))
    const { folder } = service
    const text = (yaml: string): string => `${serverSectionOf(service)}${yaml}`
    const version = (name: string, yaml: string): void => {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'ai-service.yaml'), text(yaml))
    }
    version('..v1', providers(provider('one', first)))
    version('..v2', providers(provider('one', first), provider('two', second)))
    swapLink(folder, '..v1')
    symlinkSync(join('..data', 'ai-service.yaml'), `${configFileOf(service)}.link`)
    renameSync(`${configFileOf(service)}.link`, configFileOf(service))
    await reloadAfter(service, () => swapLink(folder, '..v2'))
    expect((await ask(service, 'two/echo')).status).toBe(200)
    expect(reloadsOf(service)).toHaveLength(1)
  })

  test('where nothing can be watched, by a look at the content now and then', async () => {
    const section = 'reload: { watch: false, interval: 100ms }\n'
    const service = await serve(`${section}${providers(provider('one', first))}`)
    await reloadAfter(service, () =>
      replaceConfig(service, `${section}${providers(provider('one', first), provider('two', second))}`),
    )
    expect((await ask(service, 'two/echo')).status).toBe(200)
  })

  test('SIGHUP, where neither is on; and it says so where nothing has changed', async () => {
    const section = 'reload: { watch: false, interval: 0s }\n'
    const service = await serve(`${section}${providers(provider('one', first))}`)
    service.signal('SIGHUP')
    await eventually(() => service.output().includes('the configuration is what it was'), 'an answer to SIGHUP')
    replaceConfig(service, `${section}${providers(provider('two', second))}`)
    await reloadAfter(service, () => service.signal('SIGHUP'))
    expect((await ask(service, 'two/echo')).status).toBe(200)
    expect(await outcomes(service)).toEqual({ applied: 1, unchanged: 1, rejected: 0 })
  })

  test('a secret in a file that is no provider’s key', async () => {
    const service = await serve(providers(provider('one', first)))
    const file = join(service.folder, 'pepper')
    const yaml = `auth: { mode: none, pepper: "file:${file}" }\n${providers(provider('one', first))}`
    writeFileSync(file, 'pepper-one-0123456789')
    const before = await reloadAfter(service, () => replaceConfig(service, yaml))
    const after = await reloadAfter(service, () => writeFileSync(file, 'pepper-two-0123456789'))
    expect(after['previous_version']).toBe(before['config_version'])
    expect(service.output()).not.toMatch(/pepper-(?:one|two)/)
  })
})

describe('what is refused changes nothing', () => {
  const good = () => providers(provider('one', first))
  const cases: readonly (readonly [string, () => string, string])[] = [
    ['YAML that is none', () => 'providers: [', 'bracket'],
    ['a name that is no text', () => `${good()}"\\ud800 surprise": 1\n`, 'found an unknown key'],
    ['an unknown field', () => `${good()}surprise: 1\n`, 'surprise: found an unknown key'],
    [
      'a dangling reference',
      () => `${good()}models: { a: { endpoints: [ { provider: nobody, model: m } ] } }`,
      'models.a.endpoints.0.provider',
    ],
    [
      'a cycle of fallbacks',
      () =>
        `${good()}models:\n  a: { endpoints: [ { provider: one, model: m } ], fallbacks: [ b ] }\n  b: { endpoints: [ { provider: one, model: m } ], fallbacks: [ a ] }\n`,
      'fallbacks',
    ],
    [
      'a secret that is not there',
      () => providers(provider('one', first).replace('env:KEY', 'env:NOT_THERE')),
      'env:NOT_THERE is not set',
    ],
  ]
  test('F41 broken in every way: line and field, the old one serves, metric and audit record; mended, all is well', async () => {
    const place = auditPlace()
    closers.push(() => place.remove())
    const service = await serve(`${place.yaml}${good()}`)
    const version = await versionOf(service)
    const rejections = () => place.records().filter(({ action }) => action === 'config.reload')
    for (const [index, [what, yaml, expected]] of cases.entries()) {
      const told = await reloadAfter(service, () => replaceConfig(service, `${place.yaml}${yaml()}`))
      const problems = told['problems']
      expect(told, what).toMatchObject({ level: 'error', config_version: version[0] })
      expect(String(problems)).toMatch(/ai-service\.yaml:\d+:\d+/)
      expect(String(problems)).toContain(expected)
      expect((await ask(service)).status).toBe(200)
      expect(await versionOf(service)).toEqual(version)
      expect(await outcomes(service)).toEqual({ applied: 0, unchanged: 0, rejected: index + 1 })
      expect(await isWell(service)).toBe('0')
      await eventually(() => rejections().length === index + 1, 'an audit record')
      expect(rejections()[index]).toMatchObject({ outcome: 'rejected', problems, config_version: version[0] })
    }
    // What was before is no other configuration, and well again.
    replaceConfig(service, `${place.yaml}${good()}`)
    await eventually(async () => (await isWell(service)) === '1', 'a mended file')
    expect(await outcomes(service)).toEqual({ applied: 0, unchanged: 1, rejected: cases.length })
    await eventually(() => service.output().includes('the configuration is valid again'), 'a word about it')
  })

  test('F41 what needs a restart is refused as a whole, with its place', async () => {
    const service = await serve(good())
    const told = await reloadAfter(service, () =>
      replaceText(service, `server: { port: 1, metrics: { port: 2 } }\n${providers(provider('two', second))}`),
    )
    expect(told['problems']).toEqual([
      expect.stringMatching(/ai-service\.yaml:1:\d+ server\.port: .*needs a restart/),
      expect.stringMatching(/ai-service\.yaml:1:\d+ server\.metrics\.port: .*needs a restart/),
    ])
    expect((await ask(service, 'two/echo')).status).toBe(404)
    expect((await ask(service)).status).toBe(200)
  })

  test('F42 one that leaves nothing is taken over only where it says so itself', async () => {
    const alias = 'models: { a: { endpoints: [ { provider: one, model: echo } ] } }\n'
    const service = await serve(`${alias}${good()}`)
    const empty = await reloadAfter(service, () => replaceText(service, ''))
    expect(String(empty['problems'])).toContain('found an empty file')
    const none = await reloadAfter(service, () => replaceConfig(service, ''))
    expect(String(none['problems'])).toMatch(/providers: found none where 1 served.*force.*models: found none/s)
    const gone = await reloadAfter(service, () => rmSync(configFileOf(service)))
    expect(String(gone['problems'])).toContain('ENOENT')
    expect((await ask(service, 'a')).status).toBe(200)
  })

  test('F42 forced, it is taken over', async () => {
    const service = await serve(good())
    await reloadAfter(service, () => replaceConfig(service, 'reload: { force: true }'))
    expect((await ask(service)).status).toBe(404)
  })

  test('F42 one that is a hundred times as large is taken over beside the requests', async () => {
    const service = await serve(good())
    const aliases = Array.from(
      { length: 2_000 },
      (_, at) => `  a${at}: { endpoints: [ { provider: one, model: echo } ] }\n`,
    )
    let answered = 0
    let isOver = false
    const asking = (async () => {
      for (; !isOver; answered++) expect((await ask(service)).status).toBe(200)
    })()
    const told = await reloadAfter(service, () => replaceConfig(service, `${good()}models:\n${aliases.join('')}`))
    isOver = true
    await asking
    expect(told).toMatchObject({ level: 'info', changed: ['models'] })
    expect(answered).toBeGreaterThan(0)
    expect((await ask(service, 'a1999')).status).toBe(200)
  })

  test('F42 a million keys are refused unread, and answers keep coming', async () => {
    const service = await serve(good())
    const line = '  - { id: key-0000000, hash: "hmac-sha256:0123456789abcdef0123456789abcdef0123456789abcdef" }\n'
    const huge = `${serverSectionOf(service)}${good()}auth:\n  keys:\n${line.repeat(1_000_000)}`
    const told = await reloadAfter(service, () => replaceText(service, huge))
    expect(String(told['problems'])).toContain('larger than 4 MiB')
    expect((await ask(service)).status).toBe(200)
  })
})

describe('what has not changed goes on', () => {
  test('a key that the provider refused stays out when another one joins it', async () => {
    first.enqueue({ kind: 'status', status: 401 })
    const keys = (...names: readonly string[]): string =>
      `providers: { one: { kind: openai-compatible, baseUrl: "${first.url}/v1", private: true, keys: [ ${names
        .map((name) => `{ name: ${name.toLowerCase()}, secret: env:${name} }`)
        .join(', ')} ] } }\n`
    const service = await serve(keys('KEY', 'KEY_TWO'))
    expect((await ask(service)).status).toBe(200)
    const out = /ai_provider_key_state\{provider="one",key="(\w+)"\} 4/.exec(await metricsOf(service))?.[1]
    expect(out).toBeDefined()
    // A line that has nothing to do with it, then a change of the list itself.
    await reloadAfter(service, () =>
      replaceConfig(
        service,
        `${keys('KEY', 'KEY_TWO')}telemetry: { logs: { level: info } }\nlimits: [ { for: global, requests: 1000/s } ]\n`,
      ),
    )
    expect(await metricsOf(service)).toContain(`ai_provider_key_state{provider="one",key="${out}"} 4`)
    await reloadAfter(service, () => replaceConfig(service, keys('KEY', 'KEY_TWO', 'KEY_THREE')))
    expect(await metricsOf(service)).toContain(`ai_provider_key_state{provider="one",key="${out}"} 4`)
    expect(await metricsOf(service)).toContain('ai_provider_key_state{provider="one",key="key_three"} 0')
  })

  test('warm sockets, counts of limits, and answers in the cache', async () => {
    const yaml = (more: string): string =>
      `${providers(provider('one', first), more)}limits: [ { for: global, requests: 5/10m } ]\ncache: { enabled: true }\n`
    const service = await serve(yaml(''))
    expect((await ask(service)).headers.get('x-ai-cache')).toBe('miss')
    await reloadAfter(service, () => replaceConfig(service, yaml(provider('two', second))))
    const kept = await ask(service)
    expect(kept.headers.get('x-ai-cache')).toBe('hit')
    expect(kept.headers.get('x-ratelimit-remaining-requests')).toBe('3')
    expect((await post(service.url, paths.openai, chatBody('one/echo', 'another'))).status).toBe(200)
    expect(first.totalConnections()).toBe(1)
  })

  test('a stream whose provider is taken away ends whole, and what it held is let go then', async () => {
    first.setDefault({ kind: 'answer', text: 'word '.repeat(40).trim(), intervalMs: 25 })
    const service = await serve(providers(provider('one', first), provider('two', second)))
    const response = await fetch(`${service.url}${paths.openai}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: chatBody('one/echo', 'hello', { stream: true }),
    })
    await reloadAfter(service, () => replaceConfig(service, providers(provider('two', second))))
    expect((await ask(service, 'one/echo')).status).toBe(404)
    const text = await response.text()
    expect(looksComplete(text)).toBe(true)
    const streamed = () => logLines(service).find((line) => line['stream'] === true)
    await eventually(() => streamed() !== undefined, 'the line of the stream')
    expect(streamed()).toMatchObject({
      outcome: 'completed',
      config_version: reloadsOf(service)[0]?.['previous_version'],
    })
    await eventually(() => first.openSockets() === 0, 'sockets to a provider that is gone are closed')
  })

  test('F44 a caller key that is taken out gets no further answer; what it began runs to its end', async () => {
    first.setDefault({ kind: 'answer', text: 'word '.repeat(40).trim(), intervalMs: 25 })
    const [leaver, stayer] = ['caller-leaves-0123456789abcdef0123456789', 'caller-stays-0123456789abcdef0123456789']
    const keys = (...names: readonly string[]): string =>
      `${providers(provider('one', first))}auth: { mode: keys, keys: [ ${names.map((name) => `{ id: ${name.toLowerCase()}, secret: env:${name} }`).join(', ')} ] }\n`
    const service = await serve(keys('LEAVER', 'STAYER'), { env: { LEAVER: leaver, STAYER: stayer } })
    const as = (secret: string) => ({ authorization: `Bearer ${secret}` })
    const response = await fetch(`${service.url}${paths.openai}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...as(leaver) },
      body: chatBody('one/echo', 'hello', { stream: true }),
    })
    expect(response.status).toBe(200)
    await reloadAfter(service, () => replaceConfig(service, keys('STAYER')))
    expect((await ask(service, 'one/echo', as(leaver))).status).toBe(401)
    expect(looksComplete(await response.text())).toBe(true)
    expect((await ask(service, 'one/echo', as(stayer))).status).toBe(200)
  })

  test('the level of the log, and bounds of requests, are others from the next one on', async () => {
    const service = await serve(providers(provider('one', first)))
    replaceText(
      service,
      `${serverSectionOf(service)}  maxBody: 1KiB\ntelemetry: { logs: { level: error } }\n${providers(provider('one', first))}`,
    )
    await eventually(
      async () => (await post(service.url, paths.openai, chatBody('one/echo', 'x'.repeat(2_000)))).status === 413,
      'a smaller bound',
    )
    const lines = logLines(service).length
    expect((await ask(service)).status).toBe(200)
    expect(logLines(service)).toHaveLength(lines)
  })

  test('a schedule of backups begins and ends with its section', async () => {
    const yaml = providers(provider('one', first))
    const service = await serve(yaml, { env: { SEAL: 'a'.repeat(64) } })
    const hasSchedule = async () => (await metricsOf(service)).includes('\nai_backup_interval_seconds 3600\n')
    const section = `backup: { enabled: true, interval: 1h, to: "file:${service.folder}", encrypt: env:SEAL }\n`
    const told = await reloadAfter(service, () => replaceConfig(service, `${yaml}${section}`))
    expect(told['changed']).toEqual(['backup'])
    expect(await hasSchedule()).toBe(true)
    await reloadAfter(service, () => replaceConfig(service, yaml))
    expect(await hasSchedule()).toBe(false)
  })
})

describe('TLS', () => {
  test('a certificate that is renewed is shown to whoever connects next; a pair that does not fit is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'live-tls-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
    // As Kubernetes mounts a secret: both files change at once.
    symlinkSync(join('..data', 'tls.crt'), files.cert)
    symlinkSync(join('..data', 'tls.key'), files.key)
    let versions = 0
    const write = ({ cert, key: pem }: { cert: string; key: string }): void => {
      const name = `..v${versions++}`
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'tls.crt'), cert)
      writeFileSync(join(folder, name, 'tls.key'), pem)
      swapLink(folder, name)
    }
    const [one, two] = [makeTestCertificate(), makeTestCertificate()]
    write(one)
    const service = await serve(providers(provider('one', first)), {
      server: `  tls: { cert: "${files.cert}", key: "file:${files.key}" }`,
    })
    const port = Number(new URL(service.url).port)
    const open = await connectTls(port)
    closers.push(() => void open.socket.destroy())
    expect(open.fingerprint).toBe(fingerprintOf(one.cert))
    const told = await reloadAfter(service, () => write(two))
    expect(told).toMatchObject({ level: 'info' })
    const next = await connectTls(port)
    next.socket.destroy()
    expect(next.fingerprint).toBe(fingerprintOf(two.cert))
    // The connection from before is still good for requests.
    expect(await liveOver(open.socket)).toContain('200')
    const refused = await reloadAfter(service, () => write({ cert: two.cert, key: one.key }))
    expect(String(refused['problems'])).toContain('do not work together')
    const last = await connectTls(port)
    last.socket.destroy()
    expect(last.fingerprint).toBe(fingerprintOf(two.cert))
  })
})

/** Lets `..data` lead to another folder in one step. */
function swapLink(folder: string, name: string): void {
  symlinkSync(name, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
}

function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256
}

function connectTls(port: number): Promise<{ readonly socket: TLSSocket; readonly fingerprint: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () =>
      resolve({ socket, fingerprint: socket.getPeerCertificate().fingerprint256 }),
    )
    socket.once('error', reject)
  })
}

function liveOver(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')))
    socket.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n')
  })
}
