// Answers that are given again, read by the official SDKs: what was whole as a stream, and what was streamed as a whole.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { anthropic, clients, openAi, speaker } from './speakers.ts'

let simulated: Simulated
beforeAll(async () => {
  simulated = await startSimulated({ yaml: 'cache: { enabled: true }' })
})
afterAll(() => simulated.stop())

const upstreamCalls = (): number => simulated.openai.requests.length + simulated.anthropic.requests.length

describe.each(clients)('the SDK of %s', (client) => {
  describe.each(['openai/echo', 'anthropic/echo'])('asking %s', (model) => {
    test.each([
      ['whole, then streamed', false],
      ['streamed, then whole', true],
    ])('hears the same text, stop and usage: %s', async (order, stream) => {
      const before = upstreamCalls()
      const speaking = speaker(client, simulated.service.url)
      const text = `${client} ${model} ${order}`
      const first = await speaking.ask({ model, text, stream })
      const second = await speaking.ask({ model, text, stream: !stream })
      expect(second.text).toBe(text)
      expect({ ...second, pieces: 0 }).toEqual({ ...first, pieces: 0 })
      expect(upstreamCalls() - before).toBe(1)
    })

    test('hears the same tool calls', async () => {
      const call = { id: 'call_1', name: 'get_weather', argsJson: '{"city":"Bonn"}' }
      const upstream = model.startsWith('openai') ? simulated.openai : simulated.anthropic
      upstream.enqueue({ kind: 'answer', toolCalls: [call, { ...call, id: 'call_2' }], stop: 'tool-use' })
      const before = upstreamCalls()
      const speaking = speaker(client, simulated.service.url)
      const ask = { model, text: `${client} asks ${model} for the weather`, tools: true }
      const first = await speaking.ask({ ...ask, stream: true })
      const second = await speaking.ask({ ...ask, stream: false })
      expect(second.calls).toHaveLength(2)
      expect(second.calls).toEqual(first.calls)
      expect(second.stop).toBe(first.stop)
      expect(upstreamCalls() - before).toBe(1)
    })
  })
})

test('a whole response is streamed with the events that the SDK of openai builds it from', async () => {
  const { responses } = openAi(simulated.service.url)
  const whole = await responses.create({ model: 'openai/echo', input: 'ping pong whole' })
  const before = upstreamCalls()
  const stream = responses.stream({ model: 'openai/echo', input: 'ping pong whole' })
  let text = ''
  stream.on('response.output_text.delta', ({ delta }) => {
    text += delta
  })
  const last = await stream.finalResponse()
  expect(text).toBe('ping pong whole')
  expect(last.output).toMatchObject(whole.output)
  expect(last.id).toBe(whole.id)
  expect(upstreamCalls()).toBe(before)
})

test('a streamed response is given whole', async () => {
  const { responses } = openAi(simulated.service.url)
  const last = await responses.stream({ model: 'openai/echo', input: 'ping pong streamed' }).finalResponse()
  const before = upstreamCalls()
  const whole = await responses.create({ model: 'openai/echo', input: 'ping pong streamed' })
  expect(whole.output_text).toBe('ping pong streamed')
  expect(whole.id).toBe(last.id)
  expect(upstreamCalls()).toBe(before)
})

test('a whole message with thinking is streamed with the events that the SDK of Anthropic builds it from', async () => {
  const { messages } = anthropic(simulated.service.url)
  const answer = { kind: 'answer', text: 'said', reasoning: 'thought' } as const
  simulated.anthropic.enqueue(answer)
  const body = {
    model: 'anthropic/echo',
    max_tokens: 4_000,
    thinking: { type: 'enabled' as const, budget_tokens: 2_000 },
    messages: [{ role: 'user' as const, content: 'think about it' }],
  }
  const whole = await messages.create(body)
  const before = upstreamCalls()
  const streamed = await messages.stream(body).finalMessage()
  expect(streamed.content).toEqual(whole.content)
  expect(streamed.content[0]).toMatchObject({ type: 'thinking', thinking: 'thought' })
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens)
  expect(upstreamCalls()).toBe(before)
})
