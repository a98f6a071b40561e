// Every connection option of the client, seen from the other side of the wire.
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { AiClient, AiError, Message, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let upstream: Simulator
const closing: (() => unknown)[] = []
const kept = { ...process.env }
const ping = { model: 'echo', messages: [Message.user('ping')] }

beforeEach(async () => {
  upstream = await startSimulator()
})
afterEach(async () => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name]
  Object.assign(process.env, kept)
  for (const close of closing.splice(0)) await close()
  await upstream.close()
})

function open(options: ConstructorParameters<typeof AiClient>[1] = {}, provider: Provider = Provider.OpenAI): AiClient {
  const client = new AiClient(provider, { baseUrl: `${upstream.url}/v1`, apiKey: 'sk-test', ...options })
  closing.push(() => client.close())
  return client
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  return thrown instanceof AiError ? thrown.code : String(thrown)
}

/** A CONNECT proxy that keeps what it was asked for. */
async function startProxy(): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  const server: Server = createHttpServer((_request, response) => response.writeHead(418).end())
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(request)
    const [host = '', port] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    for (const one of [socket, target]) {
      sockets.add(one)
      one.on('error', () => undefined)
    }
    socket.pipe(target).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

describe('baseUrl', () => {
  it.each(['/v1', '/v1/', '/prefix/v1'])('keeps its path %s', async (path) => {
    await open({ baseUrl: upstream.url + path })
      .chatCompletion(ping)
      .catch(() => undefined)
    expect(upstream.requests[0]?.path).toBe(`${path.replace(/\/$/, '')}/chat/completions`)
  })

  it('comes from the environment where none is given, and an option wins over it', async () => {
    process.env['OPENAI_BASE_URL'] = `${upstream.url}/v1`
    process.env['OPENAI_API_KEY'] = 'sk-from-environment'
    const client = new AiClient(Provider.OpenAI)
    closing.push(() => client.close())
    await client.chatCompletion(ping)
    expect(upstream.requests[0]?.headers['authorization']).toBe('Bearer sk-from-environment')
    await open({ apiKey: 'sk-explicit' }).chatCompletion(ping)
    expect(upstream.requests[1]?.headers['authorization']).toBe('Bearer sk-explicit')
  })

  it.each(['nonsense', 'ftp://host/v1', 'file:///etc/passwd', ''])('%j is refused at once', (baseUrl) => {
    expect(() => open({ baseUrl })).toThrow(AiError)
  })

  it('is asked for where a provider has none of its own', () => {
    delete process.env['AZURE_OPENAI_BASE_URL']
    delete process.env['AZURE_OPENAI_ENDPOINT']
    expect(() => new AiClient(Provider.AzureOpenAI, { apiKey: 'k' })).toThrow(/baseUrl/)
    expect(() => new AiClient('nobody' as Provider)).toThrow(/no provider nobody/)
  })
})

describe('proxy', () => {
  it('carries everything through a tunnel, with its credentials', async () => {
    const proxy = await startProxy()
    const answer = await open({ proxy: `http://user:pass@${proxy.url}` }).chatCompletion(ping)
    expect(answer.firstText()).toBe('ping')
    expect(proxy.asked).toHaveLength(1)
    expect(proxy.asked[0]?.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('user:pass').toString('base64')}`)
    expect(upstream.requests[0]?.headers).not.toHaveProperty('proxy-authorization')
  })

  it('comes from the environment, and disableProxy goes around it', async () => {
    const proxy = await startProxy()
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = `http://${proxy.url}`
    process.env['NO_PROXY'] = process.env['no_proxy'] = ''
    await open().chatCompletion(ping)
    expect(proxy.asked).toHaveLength(1)
    await open({ disableProxy: true }).chatCompletion(ping)
    expect(proxy.asked).toHaveLength(1)
    expect(upstream.requests).toHaveLength(2)
  })
})

describe('limits', () => {
  it('timeoutMs bounds a whole answer and the first token of a stream', async () => {
    upstream.setDefault({ kind: 'delay', ms: 60_000 })
    const client = open({ timeoutMs: 150, maxRetries: 0 })
    expect(await codeOf(client.chatCompletion(ping))).toBe('provider_timeout_total')
    expect(await codeOf(client.chatCompletionStream(ping).next())).toBe('provider_timeout_first_token')
  })

  it('poolSize is the most sockets there are', async () => {
    upstream.setDefault({ kind: 'answer', firstByteMs: 30 })
    const client = open({ poolSize: 3 })
    await Promise.all(Array.from({ length: 12 }, () => client.chatCompletion(ping)))
    expect(upstream.totalConnections()).toBe(3)
    expect(upstream.requests).toHaveLength(12)
  })

  it.each([0, 1, 3])('maxRetries %i bounds the further attempts', async (maxRetries) => {
    upstream.setDefault({ kind: 'status', status: 500 })
    expect(await codeOf(open({ maxRetries }).chatCompletion(ping))).toBe('provider_failed')
    expect(upstream.requests).toHaveLength(1 + maxRetries)
    const bodies = new Set(upstream.requests.map(({ body }) => body.toString()))
    expect(bodies.size).toBe(1)
  })

  it('allowPrivate: false refuses loopback addresses', async () => {
    expect(await codeOf(open({ allowPrivate: false, maxRetries: 0 }).chatCompletion(ping))).toBe('provider_unreachable')
    expect(upstream.totalConnections()).toBe(0)
  })

  it('headers go along, lower-cased, and replace those of the provider', async () => {
    const client = open(
      { baseUrl: upstream.url, headers: { 'Anthropic-Version': '2099-01-01', 'X-Team': 'search' } },
      Provider.Anthropic,
    )
    await client.chatCompletion(ping)
    expect(upstream.requests[0]?.headers).toMatchObject({ 'anthropic-version': '2099-01-01', 'x-team': 'search' })
  })
})

describe('a wrong option', () => {
  it.each<[string, () => unknown]>([
    ['an unknown one', () => open({ timeout: 30 } as object)],
    ['of a failover entry', () => AiClient.withFailover([{ provider: Provider.Groq, poolSize: 0, apiKey: 'k' }])],
    ['of the whole client at an entry', () => AiClient.withFailover([{ provider: 'groq', maxRetries: 1 } as never])],
    ['a misspelt provider', () => new AiClient('opnai' as Provider)],
    ['an empty list', () => new AiClient([])],
  ])('%s is refused before anything is opened', (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'config_invalid' }) as Error)
  })

  it('names what is near', () => {
    expect(() => new AiClient('opnai' as Provider)).toThrow(/no provider opnai: did you mean openai\?/)
  })

  it.each([
    ['AI_TIMEOUT_SECS', 'soon'],
    ['AI_HTTP_POOL_MAX_IDLE_PER_HOST', '0'],
    ['AI_HTTP_POOL_IDLE_TIMEOUT_MS', '1.5'],
    ['OPENAI_API_KEY', 'canary with blanks'],
    ['OPENAI_BASE_URL', 'nonsense'],
  ])('the variable %s=%s is named', (name, value) => {
    process.env[name] = value
    const make = (): unknown => open({ baseUrl: undefined, apiKey: undefined })
    expect(make).toThrow(new RegExp(name.endsWith('BASE_URL') ? 'baseUrl' : name))
    expect(make).not.toThrow(/canary/)
  })
})

describe('AI_API_KEY and AI_BASE_URL', () => {
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/_API_KEY$|_BASE_URL$/.test(name)) delete process.env[name]
    process.env['AI_API_KEY'] = 'sk-general'
    process.env['AI_BASE_URL'] = `${upstream.url}/v1`
  })

  it('are for a client’s one provider, behind its own variables and options', async () => {
    await open({ baseUrl: undefined, apiKey: undefined }).chatCompletion(ping)
    process.env['OPENAI_API_KEY'] = 'sk-own'
    await open({ baseUrl: undefined, apiKey: undefined }).chatCompletion(ping)
    await open({ baseUrl: undefined, apiKey: 'sk-option' }).chatCompletion(ping)
    expect(upstream.requests.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer sk-general',
      'Bearer sk-own',
      'Bearer sk-option',
    ])
  })

  it('are for none of several that lack their own: one vendor’s key must not travel to another', async () => {
    const client = AiClient.withFailover([Provider.OpenAI, Provider.Groq], { baseUrl: `${upstream.url}/v1` })
    closing.push(() => client.close())
    expect(await codeOf(client.chatCompletion(ping))).toBe('service_not_configured')
    expect(upstream.requests).toEqual([])
  })
})
