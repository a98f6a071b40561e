// A secret of its own in every place that holds one; then every kind of answer and fault; then nobody has seen any of them.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createProxy, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Behaviour, type RecordedRequest, type Simulator, startSimulator } from 'ai-simulator'
import { chatBody, isRecord, metricsOf } from '../faults/asking.ts'
import { openRaw } from '../faults/raw-socket.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const secrets = {
  openai: 'sk-canary-Openai+/7f3a9c1e5b2d',
  second: 'sk-canary-Second+/8a1b2c3d4e5f',
  anthropic: 'sk-ant-canary-Anthropic+/0c9d8e7f',
  proxied: 'sk-canary-Proxied+/55aa66bb77cc',
  proxyPassword: 'canary-Proxy-pa55+word-91827364',
  pepper: 'canary-Pepper-+/1029384756abcdef',
  admin: 'canary-Admin-+/5647382910fedcba',
  header: 'canary-Header-value-a1b2c3d4e5f6',
} as const

/** Raw, and as encodings would have it. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  // What is the same inside longer base64, whatever stands around it.
  const shifted = [1, 2].map((by) =>
    Buffer.concat([Buffer.alloc(by, 'x'), bytes])
      .toString('base64')
      .slice(4, -4),
  )
  return [...writtenForms(secret), ...shifted, secret.toLowerCase()]
}

/** As an upstream would write it. */
function writtenForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ]
}

let simulators: Simulator[] = []
let proxy: Server
let service: RunningService
let folder = ''
let yaml = ''
let callerKey = ''
let proxySaw = ''
const env = {
  KEY_OPENAI: secrets.openai,
  KEY_SECOND: secrets.second,
  KEY_ANTHROPIC: secrets.anthropic,
  KEY_PROXIED: secrets.proxied,
  PROXY_PASSWORD: encodeURIComponent(secrets.proxyPassword),
  PEPPER: secrets.pepper,
  ADMIN: secrets.admin,
}

/** What an upstream does with the next request; it may repeat what it was sent. */
let next: (request: RecordedRequest) => Behaviour | undefined = () => undefined

function run(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
    timeout: 30_000,
  })
  return stdout + stderr
}

beforeAll(async () => {
  const onRequest = (request: RecordedRequest): Behaviour | undefined => next(request)
  simulators = [
    await startSimulator({ onRequest }),
    await startSimulator({ onRequest }),
    await startSimulator({ onRequest }),
  ]
  proxy = createProxy((request, response) => {
    proxySaw = request.headers['proxy-authorization'] ?? ''
    response.writeHead(407, { 'content-type': 'text/plain' }).end(`denied: ${proxySaw} ${secrets.proxyPassword}`)
  })
  proxy.on('connect', (request, socket) => {
    proxySaw = request.headers['proxy-authorization'] ?? ''
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host ?? '', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  const proxyPort = typeof address === 'object' && address ? address.port : 0
  folder = mkdtempSync(join(tmpdir(), 'canary-'))
  const [one, two, three] = simulators
  const providers = [
    'providers:',
    `  openai:\n    baseUrl: ${one?.url}/v1\n    private: true\n    keys: [ { secret: env:KEY_OPENAI }, { secret: env:KEY_SECOND } ]\n    headers: { X-Standing: ${secrets.header} }`,
    '    timeouts: { head: 500ms, idle: 500ms, total: 2s }',
    `  anthropic:\n    baseUrl: ${two?.url}\n    private: true\n    keys: [ { secret: env:KEY_ANTHROPIC } ]\n    timeouts: { head: 500ms, idle: 500ms, total: 2s }`,
    `  proxied:\n    kind: openai-compatible\n    baseUrl: ${three?.url}/v1\n    private: true\n    keys: [ { secret: env:KEY_PROXIED } ]\n    timeouts: { head: 500ms, idle: 500ms, total: 2s }`,
    `    proxy: "http://user:\${PROXY_PASSWORD}@127.0.0.1:${proxyPort}"`,
    'telemetry: { logs: { level: debug } }',
  ].join('\n')
  const withAuth = (keys: string): string =>
    `${providers}\nauth:\n  mode: keys\n  pepper: env:PEPPER\n  keys: [ ${keys} ]\n`
  writeFileSync(join(folder, 'create.yaml'), withAuth(''))
  const created: unknown = JSON.parse(
    run('keys', 'create', '--config', join(folder, 'create.yaml'), '--id', 'k1', '--json').split('\n')[0] ?? '',
  )
  if (!isRecord(created) || !isRecord(created['entry'])) throw new Error('No key was created.')
  callerKey = String(created['key'])
  yaml = withAuth(`{ id: k1, hash: "${String(created['entry']['hash'])}" }`)
  service = await startService({ yaml, env })
}, 60_000)
afterAll(async () => {
  await service.stop()
  for (const simulator of simulators) await simulator.close()
  proxy.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The credential that an upstream was sent, in every form, in text and headers. */
function echoing(request: RecordedRequest): { readonly text: string; readonly headers: Record<string, string> } {
  const sent = (request.headers['authorization'] ?? request.headers['x-api-key'] ?? '').replace(/^Bearer /, '')
  const text = `Incorrect API key provided: ${sent}. ${writtenForms(sent).join(' ')} Basic ${Buffer.from(`user:${sent}`).toString('base64')} ${Buffer.from(`x${sent}`).toString('base64')}`
  const headers = {
    'x-request-id': sent,
    'x-ratelimit-note': writtenForms(sent).join(' ').slice(0, 400),
    'set-cookie': `key=${sent}`,
    'www-authenticate': `Bearer ${sent}`,
    location: `http://127.0.0.1:1/?key=${sent}`,
    'x-debug': sent,
  }
  return { text, headers }
}

const errorBodies = (text: string): readonly (string | object)[] => [
  { error: { message: text, type: 'invalid_request_error', param: text, code: text } },
  { type: 'error', error: { type: 'invalid_request_error', message: text } },
  { message: text },
  { detail: [{ loc: [text], msg: text }] },
  text,
  `<html><head><title>${text}</title></head><body>${text}</body></html>`,
]

function faults(): readonly ((request: RecordedRequest) => Behaviour | undefined)[] {
  const echoed = (make: (told: ReturnType<typeof echoing>) => Behaviour) => (request: RecordedRequest) =>
    make(echoing(request))
  return [
    () => undefined,
    echoed(({ headers }) => ({ kind: 'answer', headers })),
    ...[400, 404, 422, 500, 503].flatMap((status) =>
      errorBodies('').map((_, at) =>
        echoed(({ text, headers }) => ({ kind: 'status', status, headers, body: errorBodies(text)[at] ?? '' })),
      ),
    ),
    echoed(({ text }) => ({ kind: 'error-in-stream', afterEvents: 0, error: { message: text, type: text } })),
    echoed(({ text }) => ({
      kind: 'error-in-stream',
      afterEvents: 4,
      error: { message: text, type: 'invalid_request_error' },
    })),
    echoed(({ text }) => ({ kind: 'garbage', what: 'html', bytes: `<title>${text}</title>` })),
    echoed(({ text }) => ({ kind: 'garbage', what: 'truncated-json', bytes: `{"error": "${text}` })),
    echoed(({ headers }) => ({ kind: 'redirect', status: 302, location: String(headers['location']) })),
    () => ({ kind: 'reset', at: 'head' }),
    () => ({ kind: 'cut', afterEvents: 4, midEvent: true }),
    () => ({ kind: 'half-open', afterEvents: 4 }),
    () => ({ kind: 'delay', ms: 10_000 }),
    () => ({ kind: 'garbage', what: 'not-http' }),
    () => ({ kind: 'gzip-bomb', encoding: 'gzip', inflatedBytes: 200_000_000 }),
    // Last: these take the keys out.
    ...[429, 401, 403].map((status) =>
      echoed(({ text, headers }) => ({
        kind: 'status',
        status,
        headers: { ...headers, 'retry-after-ms': '1' },
        body: errorBodies(text)[0] ?? '',
      })),
    ),
  ]
}

test('T17 B10 no secret is seen by clients, in the log, in metrics, or by the commands', async () => {
  const seen: string[] = []
  const ask = async (
    path: string,
    body: string,
    headers: Readonly<Record<string, string>> = { authorization: `Bearer ${callerKey}` },
  ): Promise<string> => {
    const connection = await openRaw(service.url)
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
  const first = await ask('/v1/chat/completions', chatBody('proxied/echo', 'through the proxy'))
  expect(first).toContain('through the proxy')
  // Otherwise the canary was never in danger.
  expect(Buffer.from(proxySaw.replace('Basic ', ''), 'base64').toString()).toContain(secrets.proxyPassword)
  const list = faults()
  for (const [at, fault] of list.entries()) {
    next = fault
    const asks = [
      ['/v1/chat/completions', 'openai/echo'],
      ['/v1/chat/completions', 'anthropic/echo'],
      ['/v1/messages', 'anthropic/echo'],
      ['/v1/messages', 'openai/echo'],
      ['/v1/chat/completions', 'proxied/echo'],
      ['/v1/embeddings', 'openai/embed'],
    ] as const
    await Promise.all(
      asks.flatMap(([path, model]) =>
        [false, true].map((stream) =>
          ask(path, chatBody(model, `asked ${at} words and more words`, { stream, input: 'x' })),
        ),
      ),
    )
  }
  next = () => undefined
  // Wrong and misplaced credentials.
  const nearly = `${callerKey.slice(0, -1)}${callerKey.endsWith('0') ? '1' : '0'}`
  for (const headers of [
    { authorization: `Bearer ${nearly}` },
    { 'x-api-key': nearly },
    { authorization: `Bearer ${secrets.openai}` },
    { authorization: `Bearer ${callerKey}`, 'x-api-key': nearly },
    { authorization: `Basic ${Buffer.from(callerKey).toString('base64')}` },
  ]) {
    await ask('/v1/chat/completions', chatBody('openai/echo'), headers)
    await ask('/v1/messages', chatBody(`openai/${callerKey}`), headers)
  }
  await ask(`/v1/chat/completions/${callerKey}`, '{}')
  await ask(`/v1/chat/completions?key=${callerKey}&api_key=${secrets.openai}`, chatBody('openai/echo'))
  const config = join(folder, 'canary.yaml')
  writeFileSync(
    config,
    `server: { port: ${await freePort()}, metrics: { port: 0 }, admin: { credential: env:ADMIN } }\n${yaml}`,
  )
  const commands = [['check'], ['check', '--json'], ['doctor'], ['doctor', '--json'], ['schema']].map((args) =>
    run(...args, ...(args[0] === 'schema' ? [] : ['--config', config])),
  )
  expect(commands.join('')).toContain('openai')
  const metrics = await metricsOf(service)
  expect(metrics).toContain('ai_requests_total')
  await service.stop()
  const sinks: Readonly<Record<string, string>> = {
    clients: seen.join('\n'),
    log: service.output(),
    metrics,
    commands: commands.join('\n'),
  }
  expect(sinks['log']?.length).toBeGreaterThan(10_000)
  const hits = Object.entries({ ...secrets, callerKey }).flatMap(([name, secret]) =>
    formsOf(secret).flatMap((form) =>
      Object.entries(sinks).flatMap(([sink, text]) => {
        const at = text.indexOf(form)
        return at === -1 ? [] : [`${name} in ${sink}: …${text.slice(Math.max(0, at - 160), at + form.length + 20)}…`]
      }),
    ),
  )
  expect(hits).toEqual([])
}, 180_000)
