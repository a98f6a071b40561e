// Both official SDKs against both dialects of two upstreams: chat, streams, tools, images.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, clients, type Speaker, speaker, stops } from './speakers.ts'
import { type InFront, startInFront, upstreamKinds } from './upstreams.ts'

const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const combinations = clients.flatMap((client) => clients.map((provider) => [client, provider] as const))

describe.each(upstreamKinds)('in front of %s', (kind) => {
  let front: InFront
  beforeAll(async () => {
    front = await startInFront(kind)
  })
  afterAll(() => front.stop())

  describe.each(combinations)('the SDK of %s with a provider that speaks %s', (client, provider) => {
    const model = `${provider}/echo`
    const speak = (): Speaker => speaker(client, front.service.url)

    test.each([false, true])('says and hears a text (stream: %s)', async (stream) => {
      const heard = await speak().ask({ model, text: 'ping pong', stream })
      expect(heard.text).toBe('ping pong')
      expect(heard.stop).toBe(stops.end[client])
      expect([heard.input, heard.output]).toEqual([4, 2])
      expect(heard.calls).toEqual([])
      if (stream) expect(heard.pieces).toBeGreaterThan(1)
      expect(front.upstream.came().at(-1)?.path).toBe(pathOf(provider))
    })

    test.each([false, true])('calls two tools and gives back what came of them (stream: %s)', async (stream) => {
      const ask = {
        model,
        text: 'call get_weather {"city":"Paris"} call get_weather {"city":"Rome"}',
        stream,
        tools: true,
      }
      const called = await speak().ask(ask)
      expect(called.stop).toBe(stops.tools[client])
      expect(called.calls.map(({ name, args }) => [name, args])).toEqual([
        ['get_weather', { city: 'Paris' }],
        ['get_weather', { city: 'Rome' }],
      ])
      expect(new Set(called.calls.map(({ id }) => id)).size).toBe(2)
      const results = called.calls.map((call) => ({ call, result: 'sunny 21' }))
      const told = await speak().ask({ ...ask, results })
      expect(told.text).toContain('sunny 21')
      expect(told.stop).toBe(stops.end[client])
    })

    test.each([false, true])('shows an image (stream: %s)', async (stream) => {
      const heard = await speak().ask({ model, text: 'look at this', stream, image: dot })
      expect(heard.text).toBe('look at this [image image/png 70 bytes]')
      // aimock keeps no images of Anthropic's messages.
      if (kind === 'simulator' || provider === 'openai') expect(front.upstream.came().at(-1)?.body).toContain(dot)
    })
  })
})

function pathOf(provider: Client): string {
  return provider === 'openai' ? '/v1/chat/completions' : '/v1/messages'
}
