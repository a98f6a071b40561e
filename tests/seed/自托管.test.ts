// Self-hosting: embedded at run time or wrapped as a service, from what is packed; a small footprint; installations do not mix.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AiClient, Message, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, metricsOf, paths, post } from '../faults/asking.ts'
import { type Installed, install } from '../kit/installed.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'
import { type Callers, createCallers } from '../security/callers.ts'

const mebibyte = 1024 * 1024
const scripts = ['preinstall', 'install', 'postinstall', 'prepare'] as const

/** Packages that something would run for while they are installed. `prepare` counts for ours alone: npm leaves it out. */
function withInstallScripts({ packages }: Installed): readonly unknown[] {
  return packages
    .filter(({ manifest }) => {
      const named: object = typeof manifest['scripts'] === 'object' && manifest['scripts'] ? manifest['scripts'] : {}
      const isOurs = String(manifest['name']).startsWith('ai-')
      return scripts.some((script) => script in named && (isOurs || script !== 'prepare')) || 'gypfile' in manifest
    })
    .map(({ manifest }) => manifest['name'])
}

function weighed({ packages, bytes }: Installed): string {
  const largest = packages.toSorted((left, right) => right.bytes - left.bytes).slice(0, 5)
  const names = largest.map((each) => `${String(each.manifest['name'])} ${Math.round(each.bytes / 1024)} KiB`)
  return `${packages.length} packages, ${(bytes / mebibyte).toFixed(1)} MiB (${names.join(', ')})`
}

describe('the service, installed for production into an empty folder', () => {
  let installed: Installed
  let child: ChildProcess
  let url = ''
  let output = ''

  beforeAll(async () => {
    installed = install(['ai-lib', 'ai-simulator', 'ai-service'])
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    child = spawn(process.execPath, [installed.bin], {
      cwd: installed.folder,
      env: { PATH: process.env['PATH'] ?? '', AI_SERVICE_PORT: String(port), AI_SERVICE_METRICS_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`The service did not start:\n${output}`)))
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          output += chunk.toString()
          if (output.includes('"listening"')) resolve()
        })
      }
    })
  }, 120_000)

  afterAll(async () => {
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGTERM'), 100)
    await exited
    installed.remove()
  })

  test('is small: at most 60 packages and 40 MiB, none with a script that an installation would run', () => {
    const report = weighed(installed)
    expect(installed.packages.length, report).toBeLessThanOrEqual(60)
    expect(installed.bytes, report).toBeLessThanOrEqual(40 * mebibyte)
    expect(withInstallScripts(installed)).toEqual([])
  })

  test('answers the official SDK, streamed and not, without any configuration', async () => {
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'made at home' }]
    const whole = await openai.chat.completions.create({ model: 'simulator/echo', messages })
    expect(whole.choices[0]?.message.content).toBe('made at home')
    let text = ''
    for await (const chunk of await openai.chat.completions.create({ model: 'simulator/echo', messages, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('made at home')
    expect((await openai.models.list()).data.map(({ id }) => id)).toContain('simulator/echo')
  })

  test('its command line works from there', () => {
    const said = execFileSync(process.execPath, [installed.bin, 'check', '--json'], {
      cwd: installed.folder,
      env: { PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
    })
    expect(JSON.parse(said)).toMatchObject({ plan: { demo: true } })
  })

  test('holds no test, no source map of secrets, no key', () => {
    for (const { path, manifest } of installed.packages.filter(({ manifest: { name } }) =>
      String(name).startsWith('ai-'),
    )) {
      const files = execFileSync('find', [path, '-type', 'f', '-not', '-path', '*/node_modules/*/node_modules/*'], {
        encoding: 'utf8',
      }).split('\n')
      expect(
        files.filter((file) => /\.test\.|\.key$|\.pem$|\.env$/.test(file)),
        String(manifest['name']),
      ).toEqual([])
    }
  })
})

describe('the library, embedded by an application', () => {
  test('is one package, itself, and answers from there', async () => {
    const installed = install(['ai-lib'])
    const upstream = await startSimulator()
    try {
      expect(installed.packages.map(({ manifest }) => String(manifest['name']))).toEqual(['ai-lib'])
      expect(installed.bytes, weighed(installed)).toBeLessThanOrEqual(5 * mebibyte)
      expect(withInstallScripts(installed)).toEqual([])
      writeFileSync(
        join(installed.folder, 'app.mjs'),
        `import { AiClient, Message, Provider } from 'ai-lib'
const client = new AiClient(Provider.OpenAI, { baseUrl: process.argv[2], apiKey: 'sk-embedded' })
const answer = await client.chatCompletion({ model: 'echo', messages: [Message.user('embedded')] })
console.log(answer.firstText())
await client.close()
`,
      )
      const child = spawn(process.execPath, [join(installed.folder, 'app.mjs'), `${upstream.url}/v1`])
      let said = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (said += chunk))
      expect(await new Promise((resolve) => child.once('exit', resolve)), said).toBe(0)
      expect(said.trim()).toBe('embedded')
    } finally {
      await upstream.close()
      installed.remove()
    }
  }, 60_000)
})

describe('two services on one machine, each with a configuration of its own', () => {
  let callers: Callers
  const upstreams: Simulator[] = []
  const services: RunningService[] = []
  const keys = ['sk-first-0123456789', 'sk-second-0123456789']

  beforeAll(async () => {
    callers = await createCallers()
    for (const [index, id] of (['one', 'two'] as const).entries()) {
      const upstream = await startSimulator()
      upstreams.push(upstream)
      services.push(
        await startService({
          env: { KEY: keys[index] ?? '' },
          yaml: `
providers: { openai: { baseUrl: "${upstream.url}/v1", private: true, poolSize: ${index + 1}, keys: [ { secret: env:KEY } ] } }
auth: { mode: keys, keys: [ { id: ${id}, hash: "${callers.hash(id)}" } ] }
limits: [ { for: global, requests: 8/10m } ]
`,
        }),
      )
    }
  }, 60_000)
  afterAll(async () => {
    for (const each of services) await each.stop()
    for (const each of upstreams) await each.close()
    await callers.stop()
  })

  const ask = (index: number, id: 'one' | 'two') =>
    post(services[index]?.url ?? '', paths.openai, chatBody('openai/echo'), callers.bearer(id))

  test('share no caller, no key, no pool, no limit and no figure', async () => {
    for (const upstream of upstreams) upstream.setDefault({ kind: 'answer', firstByteMs: 20 })
    // A caller of one is unknown to the other.
    expect([(await ask(0, 'two')).status, (await ask(1, 'one')).status]).toEqual([401, 401])
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () => ask(0, 'one')),
      ...Array.from({ length: 8 }, () => ask(1, 'two')),
    ])
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 14 }, () => 200))
    for (const [index, upstream] of upstreams.entries()) {
      const sent = new Set(upstream.requests.map(({ headers }) => headers['authorization']))
      expect([...sent]).toEqual([`Bearer ${keys[index]}`])
      expect(upstream.totalConnections()).toBe(index + 1)
    }
    const figures = await Promise.all(services.map(metricsOf))
    expect(figures.map((text) => /^ai_requests_total\{provider="openai".*\} (\d+)$/m.exec(text)?.[1])).toEqual([
      '6',
      '8',
    ])
    // The second has used its own limit up; the first has places left.
    expect([(await ask(0, 'one')).status, (await ask(1, 'two')).status]).toEqual([200, 429])
    expect(services[0]?.output()).not.toContain(keys[1])
    expect(services[1]?.output()).not.toContain(keys[0])
  })
})

describe('two clients in one process, each with options of its own', () => {
  test('share no key, no pool, no header, no patience', async () => {
    const [first, second] = [await startSimulator(), await startSimulator()]
    const open = (upstream: Simulator, poolSize: number, apiKey: string, timeoutMs: number): AiClient =>
      new AiClient(Provider.OpenAI, {
        baseUrl: `${upstream.url}/v1`,
        apiKey,
        poolSize,
        timeoutMs,
        maxRetries: 0,
        headers: { 'x-house': apiKey },
      })
    const clients = [open(first, 1, 'sk-first', 10_000), open(second, 3, 'sk-second', 300)]
    for (const upstream of [first, second]) upstream.setDefault({ kind: 'answer', firstByteMs: 20 })
    const ping = { model: 'echo', messages: [Message.user('ping')] }
    await Promise.all(clients.flatMap((client) => Array.from({ length: 6 }, () => client.chatCompletion(ping))))
    expect([first.totalConnections(), second.totalConnections()]).toEqual([1, 3])
    for (const [upstream, key] of [
      [first, 'sk-first'],
      [second, 'sk-second'],
    ] as const) {
      expect(
        new Set(upstream.requests.map(({ headers }) => `${headers['authorization']} ${headers['x-house']}`)),
      ).toEqual(new Set([`Bearer ${key} ${key}`]))
    }
    // One that is closed, or whose key is refused, is nothing to the other.
    first.setDefault({ kind: 'status', status: 401 })
    await expect(clients[0]?.chatCompletion(ping)).rejects.toMatchObject({ code: 'provider_key_refused' })
    expect((await clients[1]?.chatCompletion(ping))?.firstText()).toBe('ping')
    await clients[0]?.close()
    expect((await clients[1]?.chatCompletion(ping))?.firstText()).toBe('ping')
    await clients[1]?.close()
    for (const upstream of [first, second]) await upstream.close()
  })
})
