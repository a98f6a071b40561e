// The server around the behaviours: routes, recordings, counters, keys, closing.
import { connect } from 'node:net'
import { Agent, request as httpRequest } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Agent as SecureAgent, request as httpsRequest } from 'node:https'
import { postText, until } from './raw-client.ts'
import { type Simulator, startSimulator } from './simulator.ts'
import { makeTestCertificate } from './test-certificate.ts'

let simulator: Simulator
beforeEach(async () => {
  simulator = await startSimulator()
})
afterEach(() => simulator.close())

const CHAT = { model: 'echo', messages: [{ role: 'user', content: 'hi' }] }

describe('routes', () => {
  it('work with and without /v1 and under any prefix', async () => {
    for (const path of [
      '/v1/chat/completions',
      '/chat/completions',
      '/openai/deployments/x/v1/chat/completions?api-version=1',
    ]) {
      expect((await fetch(simulator.url + path, { method: 'POST', body: JSON.stringify(CHAT) })).status).toBe(200)
    }
    expect(await (await fetch(`${simulator.url}/health`)).json()).toEqual({ status: 'ok' })
    expect((await fetch(`${simulator.url}/api/models/any%2Fmodel`)).status).toBe(200)
  })

  it('are refused in the form of their family', async () => {
    const openai = await fetch(`${simulator.url}/v1/nothing`, { method: 'POST', body: '{}' })
    expect([openai.status, await openai.json()]).toEqual([
      404,
      { error: expect.objectContaining({ type: 'invalid_request_error' }) },
    ])
    const anthropic = await fetch(`${simulator.url}/v1/messages/nothing`, { method: 'POST', body: '{}' })
    expect([anthropic.status, await anthropic.json()]).toEqual([404, expect.objectContaining({ type: 'error' })])
    expect((await fetch(`${simulator.url}/v1/chat/completions`)).status).toBe(405)
    const malformed = await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body: '{"model":' })
    expect(malformed.status).toBe(400)
  })

  it('leave the queue alone for health and models', async () => {
    simulator.enqueue({ kind: 'status', status: 500 })
    expect((await fetch(`${simulator.url}/health`)).status).toBe(200)
    expect((await fetch(`${simulator.url}/v1/models`)).status).toBe(200)
    expect((await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body: '{}' })).status).toBe(500)
  })
})

describe('recordings', () => {
  it('keep the request as it came', async () => {
    await fetch(`${simulator.url}/v1/chat/completions?x=1`, {
      method: 'POST',
      body: JSON.stringify(CHAT),
      headers: { 'X-Mixed': 'Case' },
    })
    const [recorded] = simulator.requests
    expect(recorded).toMatchObject({ method: 'POST', path: '/v1/chat/completions?x=1', aborted: false, socketId: 1 })
    expect(recorded?.headers['x-mixed']).toBe('Case')
    expect(recorded?.rawHeaders).toContain('Case')
    expect(JSON.parse(String(recorded?.body))).toEqual(CHAT)
  })

  it('keep only the last ones, or none', async () => {
    const few = await startSimulator({ record: 2 })
    const none = await startSimulator({ record: false })
    for (const path of ['/a', '/b', '/c']) {
      await fetch(few.url + path)
      await fetch(none.url + path)
    }
    expect(few.requests.map((request) => request.path)).toEqual(['/b', '/c'])
    expect(none.requests).toEqual([])
    await Promise.all([few.close(), none.close()])
  })

  it('say that the client left, also in the middle of its own request', async () => {
    const socket = connect(simulator.port, '127.0.0.1')
    socket.write(postText('/v1/chat/completions', CHAT).slice(0, -5))
    await until(() => simulator.requests.length === 1)
    socket.destroy()
    await until(() => simulator.requests[0]?.aborted === true)
  })

  it('do not blame the client for what the simulator broke off', async () => {
    simulator.enqueue({ kind: 'cut' }, { kind: 'reset', at: 'head' })
    for (let turn = 0; turn < 2; turn += 1) {
      await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(CHAT) })
        .then((response) => response.text())
        .catch(() => 'broken, as asked')
    }
    await until(() => simulator.openSockets() === 0)
    expect(simulator.requests.map((request) => request.aborted)).toEqual([false, false])
  })

  it('can be watched as they come, and the watcher may choose the behaviour', async () => {
    const paths: string[] = []
    const watched = await startSimulator({
      onRequest: (request) => {
        paths.push(request.path)
        return request.body.includes('teapot') ? { kind: 'status', status: 418 } : undefined
      },
    })
    const post = (body: string) => fetch(`${watched.url}/v1/chat/completions`, { method: 'POST', body })
    expect([(await post('teapot')).status, (await post(JSON.stringify(CHAT))).status]).toEqual([418, 200])
    expect(paths).toHaveLength(2)
    await watched.close()
  })
})

describe('connections', () => {
  it('are counted, and requests on the same one share its id', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let turn = 0; turn < 3; turn += 1) await get(`${simulator.url}/v1/models`, agent)
    expect([simulator.totalConnections(), simulator.openSockets()]).toEqual([1, 1])
    expect(simulator.requests.map((request) => request.socketId)).toEqual([1, 1, 1])
    agent.destroy()
    await until(() => simulator.openSockets() === 0)
    await get(`${simulator.url}/v1/models`, new Agent())
    expect(simulator.requests.at(-1)?.socketId).toBe(2)
  })

  it('are destroyed by close, in the middle of an answer too', async () => {
    const own = await startSimulator()
    own.enqueue({ kind: 'half-open' })
    const answer = fetch(`${own.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...CHAT, stream: true }),
    }).then((response) => response.text())
    const ended = answer.then(
      () => 'whole',
      () => 'broken',
    )
    await until(() => own.requests.length === 1)
    await own.close()
    expect(await ended).toBe('broken')
    expect(own.openSockets()).toBe(0)
  })
})

describe('TLS', () => {
  it('serves the same answers, and resets the TCP connection below', async () => {
    const tls = makeTestCertificate()
    const secure = await startSimulator({ tls })
    const agent = new SecureAgent({ ca: tls.cert })
    expect(secure.url).toMatch(/^https:/)
    await get(`${secure.url}/v1/models`, agent, httpsRequest)
    expect(secure.requests[0]?.socketId).toBe(1)
    secure.enqueue({ kind: 'reset', at: 'head' })
    await expect(get(`${secure.url}/v1/other`, agent, httpsRequest)).rejects.toMatchObject({ code: 'ECONNRESET' })
    await secure.close()
  })
})

describe('determinism', () => {
  it('two simulators answer the same requests with the same bytes', async () => {
    const other = await startSimulator()
    const ask = async (url: string) =>
      (await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(CHAT) })).text()
    expect(await ask(other.url)).toBe(await ask(simulator.url))
    expect(await ask(other.url)).toBe(await ask(simulator.url))
    await other.close()
  })
})

function get(url: string, agent: Agent, send: typeof httpRequest = httpRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = send(url, { agent }, (response) => response.resume().once('end', () => setImmediate(resolve)))
    request.once('error', reject).end()
  })
}
