// Every behaviour, seen over a bare socket or through fetch.
import { connect } from 'node:net'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { postText, rawPost, readAnswer, until } from './raw-client.ts'
import { type Simulator, startSimulator } from './simulator.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
afterEach(() => simulator.setDefault(undefined))

const CHAT = '/v1/chat/completions'
const MESSAGES = '/v1/messages'
const chat = (text: string, more: object = {}) => ({
  model: 'echo',
  messages: [{ role: 'user', content: text }],
  ...more,
})
const stream = (text: string, more: object = {}) => chat(text, { stream: true, ...more })
const message = (text: string, more: object = {}) => ({ max_tokens: 100, ...chat(text), ...more })
const VERSION = 'anthropic-version: 2023-06-01\r\n'

function post(path: string, body: object, init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
  return fetch(simulator.url + path, { method: 'POST', headers, body: JSON.stringify(body), ...init })
}

interface ChatAnswer {
  readonly choices: readonly { readonly message: { readonly content: string } }[]
  readonly usage: object
}

async function readChat(response: Response): Promise<ChatAnswer> {
  return JSON.parse(await response.text())
}

describe('answer', () => {
  it('replaces text, reasoning, stop and usage', async () => {
    simulator.enqueue({
      kind: 'answer',
      text: 'said',
      reasoning: 'thought',
      stop: 'length',
      usage: { inputTokens: 5, cacheReadTokens: 3, outputTokens: 7, reasoningTokens: 2 },
    })
    const answer = await readChat(await post(CHAT, chat('hi')))
    expect(answer.choices[0]).toMatchObject({
      message: { content: 'said', reasoning_content: 'thought' },
      finish_reason: 'length',
    })
    expect(answer.usage).toMatchObject({
      prompt_tokens: 8,
      completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 2 },
    })
  })

  it('is used once and then the model speaks for itself again', async () => {
    simulator.enqueue({ kind: 'answer', text: 'once' })
    expect((await readChat(await post(CHAT, chat('hi')))).choices[0]?.message.content).toBe('once')
    expect((await readChat(await post(CHAT, chat('hi')))).choices[0]?.message.content).toBe('hi')
  })

  it('can leave the usage out, whole and streamed, in both dialects', async () => {
    simulator.setDefault({ kind: 'answer', omitUsage: true })
    for (const [path, body] of [
      [CHAT, chat('hi')],
      [CHAT, stream('hi', { stream_options: { include_usage: true } })],
      [MESSAGES, message('hi')],
      [MESSAGES, message('hi', { stream: true })],
    ] as const)
      expect(await (await post(path, body)).text()).not.toContain('usage')
  })

  it('cuts deltas at the chunk size without splitting a character', async () => {
    simulator.enqueue({ kind: 'answer', text: '🙂🙂🙂', chunkSize: 2 })
    const text = await (await post(CHAT, stream('hi'))).text()
    expect(text).toContain('{"content":"🙂🙂"}')
    expect(text).toContain('{"content":"🙂"}')
  })
})

describe('status', () => {
  it('has an error body in the dialect of the route', async () => {
    simulator.setDefault({ kind: 'status', status: 529, headers: { 'retry-after': '7' } })
    const openai = await post(CHAT, chat('hi'))
    expect(openai.status).toBe(529)
    expect(openai.headers.get('retry-after')).toBe('7')
    expect(await openai.json()).toMatchObject({ error: { type: 'server_error', param: null } })
    expect(await (await post(MESSAGES, message('hi'))).json()).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error' },
    })
  })

  it('sends a given body as it is', async () => {
    simulator.enqueue(
      { kind: 'status', status: 418, body: 'short and stout' },
      { kind: 'status', status: 400, body: { detail: 'no' } },
    )
    expect(await (await post(CHAT, chat('hi'))).text()).toBe('short and stout')
    expect(await (await post(CHAT, chat('hi'))).json()).toEqual({ detail: 'no' })
  })
})

describe('connection faults', () => {
  it('delay holds the answer back until the client gives up', async () => {
    simulator.enqueue({ kind: 'delay', ms: 3_600_000 })
    const answer = await rawPost(simulator.port, CHAT, chat('hi'), { idleMs: 150 })
    expect(answer).toMatchObject({ text: '', end: 'open' })
    await until(() => simulator.requests.at(-1)?.aborted === true)
    expect(simulator.requests.at(-1)?.abortedAtMs).toBeTypeOf('number')
  })

  it('delay goes on to what comes then', async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- the field's own name
    simulator.enqueue({ kind: 'delay', ms: 5, then: { kind: 'status', status: 503 } })
    expect((await post(CHAT, chat('hi'))).status).toBe(503)
  })

  it('reset at connect and at the head sends no byte', async () => {
    for (const at of ['connect', 'head'] as const) {
      simulator.enqueue({ kind: 'reset', at })
      expect(await rawPost(simulator.port, CHAT, chat('hi'))).toMatchObject({ text: '', end: 'reset' })
    }
    expect((await post(CHAT, chat('hi'))).status).toBe(200)
  })

  it('reset in the body comes after so many bytes', async () => {
    simulator.enqueue({ kind: 'reset', at: 'body', afterBytes: 10 })
    const { text, end } = await rawPost(simulator.port, CHAT, chat('hi'))
    expect(end).toBe('reset')
    expect(text).toContain('content-length')
    expect(text.endsWith('\r\n\r\n{"id":"cha')).toBe(true)
  })

  it('cut fin ends inside an HTTP chunk, mid-event', async () => {
    simulator.enqueue({ kind: 'cut', afterEvents: 2, midEvent: true })
    const { text, end } = await rawPost(simulator.port, CHAT, stream('one two three'))
    expect(end).toBe('fin')
    expect(text).not.toContain('\r\n0\r\n\r\n')
    expect(text.match(/data: /g)).toHaveLength(3)
    expect(text.endsWith('\n\n')).toBe(false)
    simulator.enqueue({ kind: 'cut', afterEvents: 2 })
    await expect((await post(CHAT, stream('one two'))).text()).rejects.toThrow()
  })

  it('cut clean is whole HTTP without the terminal event, however many events are asked for', async () => {
    simulator.setDefault({ kind: 'cut', afterEvents: 1000, how: 'clean' })
    expect(await (await post(CHAT, stream('one two'))).text()).not.toContain('[DONE]')
    const anthropic = await (await post(MESSAGES, message('one', { stream: true }))).text()
    expect(anthropic).toContain('event: message_delta')
    expect(anthropic).not.toContain('message_stop')
  })

  it('cut close-delimited has neither chunks nor length and ends the connection', async () => {
    simulator.enqueue({ kind: 'cut', afterEvents: 1, midEvent: true, how: 'close-delimited' })
    const { text, end } = await rawPost(simulator.port, CHAT, stream('one two'))
    expect(end).toBe('fin')
    expect(text).not.toMatch(/transfer-encoding|content-length/i)
  })

  it('cut stops a whole body half way, short of its length or cleanly', async () => {
    simulator.enqueue({ kind: 'cut' }, { kind: 'cut', how: 'clean' })
    await expect((await post(CHAT, chat('hi'))).text()).rejects.toThrow()
    const half = await (await post(CHAT, chat('hi'))).text()
    expect(() => JSON.parse(half)).toThrow()
  })

  it('half-open sends some events and then keeps silent with the connection open', async () => {
    simulator.enqueue({ kind: 'half-open', afterEvents: 2 })
    const { text, end } = await rawPost(simulator.port, MESSAGES, message('hi', { stream: true }), { headers: VERSION })
    expect(end).toBe('open')
    expect(text.match(/^event: /gm)).toHaveLength(2)
    await until(() => simulator.requests.at(-1)?.aborted === true)
  })

  it('unsolicited leaves a second response on the kept connection', async () => {
    simulator.enqueue({ kind: 'unsolicited', text: 'poison' })
    const { text } = await rawPost(simulator.port, CHAT, chat('hi'))
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
    expect(text).toContain('poison')
  })
})

describe('bad answers', () => {
  it('garbage comes in each of its forms', async () => {
    const forms = ['html', 'empty', 'binary', 'truncated-json', 'wrong-type', 'no-content'] as const
    simulator.enqueue(...forms.map((what) => ({ kind: 'garbage', what }) as const))
    const seen = []
    for (const _ of forms) {
      const response = await post(CHAT, chat('hi'))
      seen.push([response.status, response.headers.get('content-type'), (await response.arrayBuffer()).byteLength > 0])
    }
    expect(seen).toEqual([
      [200, 'text/html', true],
      [200, 'application/json', false],
      [200, 'application/octet-stream', true],
      [200, 'application/json', true],
      [200, 'application/json', true],
      [204, null, false],
    ])
  })

  it('garbage can be given bytes, or not be HTTP at all', async () => {
    simulator.enqueue(
      { kind: 'garbage', bytes: new Uint8Array([1, 2, 3]), contentType: 'x/y' },
      { kind: 'garbage', what: 'not-http' },
    )
    expect(new Uint8Array(await (await post(CHAT, chat('hi'))).arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]))
    expect((await rawPost(simulator.port, CHAT, chat('hi'))).text).toMatch(/^SSH-/)
  })

  it('error-in-stream is a 200 stream that ends with an error in the form of the dialect', async () => {
    simulator.setDefault({ kind: 'error-in-stream', afterEvents: 2 })
    const openai = await (await post(CHAT, stream('one two'))).text()
    expect(openai).toMatch(/data: \{"error":\{.*\}\}\n\n$/)
    expect(openai).not.toContain('[DONE]')
    expect(await (await post(MESSAGES, message('one', { stream: true }))).text()).toMatch(
      /event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error".*\n\n$/,
    )
    simulator.setDefault({ kind: 'error-in-stream', afterEvents: 0, error: { message: 'mine' } })
    expect(await (await post(CHAT, stream('one'))).text()).toBe('data: {"error":{"message":"mine"}}\n\n')
    expect(await (await post(CHAT, chat('one'))).json()).toEqual({ error: { message: 'mine' } })
  })

  it('gzip-bomb inflates to the asked size in each encoding', async () => {
    const inflate = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync }
    for (const encoding of ['gzip', 'br', 'zstd'] as const) {
      simulator.enqueue({ kind: 'gzip-bomb', inflatedBytes: 3_000_000, encoding })
      const { bytes } = await rawPost(simulator.port, CHAT, chat('hi'), { headers: 'connection: close\r\n' })
      const body = unchunk(bytes)
      expect(body.length).toBeLessThan(30_000)
      expect(inflate[encoding](body).length).toBe(3_000_000)
    }
  })

  it('redirect points elsewhere', async () => {
    simulator.enqueue({ kind: 'redirect', status: 307, location: 'http://elsewhere.invalid/' })
    const response = await post(CHAT, chat('hi'), { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([307, 'http://elsewhere.invalid/'])
  })
})

describe('raw', () => {
  const raw = {
    kind: 'raw',
    status: 201,
    headers: { 'content-type': 'text/event-stream', 'x-own': 'yes' },
    chunks: ['data: a\r\n\r\n', new Uint8Array([0xf0, 0x9f, 0x99, 0x82])],
  } as const
  const bytes = Buffer.from('data: a\r\n\r\n🙂')

  it('replays bytes exactly, chunked, split, with a length or until the connection ends', async () => {
    for (const way of [
      {},
      { splitEveryBytes: 1 },
      { contentLength: true },
      { closeDelimited: true },
      { splitEveryBytes: 3, intervalMs: 1 },
    ]) {
      simulator.enqueue({ ...raw, ...way })
      const response = await post(CHAT, chat('hi'))
      expect([response.status, response.headers.get('x-own')]).toEqual([201, 'yes'])
      expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes)
      expect(response.headers.get('content-length')).toBe('contentLength' in way ? String(bytes.length) : null)
    }
  })

  it('puts each split byte in a chunk of its own', async () => {
    simulator.enqueue({ ...raw, splitEveryBytes: 1 })
    const { text } = await rawPost(simulator.port, CHAT, chat('hi'))
    expect(text.match(/\r\n1\r\n/g)).toHaveLength(bytes.length)
  })
})

describe('script', () => {
  const fail = { kind: 'status', status: 500 } as const

  it('as default gives each attempt its step and repeats the last', async () => {
    simulator.setDefault({
      kind: 'script',
      attempts: [fail, { kind: 'status', status: 429 }, { kind: 'answer', text: 'third' }],
    })
    const statuses = []
    for (let attempt = 0; attempt < 4; attempt += 1) statuses.push((await post(CHAT, chat('hi'))).status)
    expect(statuses).toEqual([500, 429, 200, 200])
  })

  it('as the last user text works over HTTP alone, in both dialects, counted by the text', async () => {
    const text = JSON.stringify({ kind: 'script', nonce: 'a', attempts: [fail, { kind: 'answer', text: 'fine' }] })
    expect((await post(CHAT, { ...chat(text), model: 'script' })).status).toBe(500)
    const second = await post(MESSAGES, { ...message(text), model: 'simulator/script' })
    expect(await second.json()).toMatchObject({ content: [{ type: 'text', text: 'fine' }] })
    expect((await post(CHAT, { ...chat(text.replace('"a"', '"b"')), model: 'script' })).status).toBe(500)
  })

  it('as a text takes the first of a list, explains itself to a person, and refuses what it does not know', async () => {
    const ask = async (text: string) => post(CHAT, { ...chat(text), model: 'script' })
    expect((await ask('[{"kind":"status","status":504},{"kind":"answer"}]')).status).toBe(504)
    expect((await readChat(await ask('hello?'))).choices[0]?.message.content).toContain('error-in-stream: afterEvents?')
    for (const wrong of [
      '{"kind":"explode"}',
      '{"kind":"status"}',
      '{"kind":"status","status":99}',
      '{"kind":"reset","at":"noon"}',
      '7',
      '{"kind":"delay","ms":1,"then":{}}',
    ]) {
      const refused = await ask(wrong)
      expect(refused.status).toBe(400)
      expect(await refused.text()).toMatch(/kind|status|at|behaviour/)
    }
  })
})

describe('a client that reads slowly', () => {
  it('makes the stream wait, and its leaving ends it', async () => {
    simulator.enqueue({ kind: 'answer', text: 'x'.repeat(20_000_000), chunkSize: 100_000 })
    const before = simulator.requests.length
    const socket = connect(simulator.port, '127.0.0.1')
    socket.write(postText(CHAT, stream('hi')))
    socket.pause()
    await until(() => simulator.requests.length > before && simulator.requests.at(-1)?.body.length !== 0)
    socket.destroy()
    await until(() => simulator.requests.at(-1)?.aborted === true)
  })

  it('still gets everything in the end', async () => {
    simulator.enqueue({ kind: 'answer', text: 'x'.repeat(20_000_000), chunkSize: 100_000 })
    const socket = connect(simulator.port, '127.0.0.1')
    socket.write(postText(CHAT, stream('hi'), 'connection: close\r\n'))
    const { text, end } = await readAnswer(socket, 3_000)
    expect(end).toBe('fin')
    expect(text).toContain('[DONE]')
    expect(simulator.requests.at(-1)?.aborted).toBe(false)
  })
})

function unchunk(bytes: Buffer): Buffer {
  const pieces = []
  let at = bytes.indexOf('\r\n\r\n') + 4
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (size === 0 || Number.isNaN(size)) return Buffer.concat(pieces)
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
