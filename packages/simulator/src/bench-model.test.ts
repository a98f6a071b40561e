// The bench model's answers are ordinary ones, only cheaper.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawPost, until } from './raw-client.ts'
import { type Simulator, startSimulator } from './simulator.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

const ask = (path: string, model: string, more: object = {}) =>
  fetch(simulator.url + path, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ role: 'user', content: 'say "model" and "stream":true' }], model, ...more }),
  })

describe('bench/…', () => {
  it('answers with so many chunks of so many bytes, in both dialects', async () => {
    for (const [path, end] of [
      ['/v1/chat/completions', 'data: [DONE]\n\n'],
      ['/v1/messages', 'data: {"type":"message_stop"}\n\n'],
    ] as const)
      for (const interval of [0, 1]) {
        const text = await (await ask(path, `bench/tokens=5,size=7,interval=${interval}`, { stream: true })).text()
        expect(text.match(/"(content|text)":"aaaaaaa"/g)).toHaveLength(5)
        expect(text.endsWith(end)).toBe(true)
      }
  })

  it('answers whole where no stream is asked for', async () => {
    const answer = await (await ask('/v1/chat/completions', 'bench/tokens=5,size=7,delay=1')).json()
    expect(answer).toMatchObject({
      choices: [{ message: { content: 'a'.repeat(35) } }],
      usage: { completion_tokens: 5 },
    })
  })

  it('sends usage in the stream only where asked for, and keeps the connection', async () => {
    const plain = await (await ask('/v1/chat/completions', 'bench/tokens=1', { stream: true })).text()
    const withUsage = await (
      await ask('/v1/chat/completions', 'bench/tokens=1', { stream: true, stream_options: { include_usage: true } })
    ).text()
    expect([plain.includes('"usage"'), withUsage.includes('"completion_tokens":1')]).toEqual([false, true])
    const { text } = await rawPost(simulator.port, '/v1/chat/completions', { model: 'bench/tokens=2', stream: true })
    expect(text).toContain('keep-alive')
    expect(text.endsWith('\r\n0\r\n\r\n')).toBe(true)
  })

  it('gives way to a scripted fault and notices a client that leaves', async () => {
    simulator.enqueue({ kind: 'status', status: 503 })
    expect((await ask('/v1/chat/completions', 'bench/tokens=1')).status).toBe(503)
    await rawPost(
      simulator.port,
      '/v1/chat/completions',
      { model: 'bench/tokens=1000,interval=1000', stream: true },
      { idleMs: 50 },
    )
    await until(() => simulator.requests.at(-1)?.aborted === true)
  })
})
