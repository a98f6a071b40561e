// The official Anthropic package, unmodified, against the simulator.
import Anthropic from '@anthropic-ai/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../simulator.ts'

let simulator: Simulator
let client: Anthropic
beforeAll(async () => {
  simulator = await startSimulator({ keys: ['good'] })
  client = new Anthropic({ apiKey: 'good', baseURL: simulator.url, maxRetries: 0 })
})
afterAll(() => simulator.close())
afterEach(() => simulator.setDefault(undefined))

const user = (content: string) => ({ role: 'user', content }) as const
const base = { model: 'echo', max_tokens: 100 } as const
const tool = (name: string) => ({ name, input_schema: { type: 'object' } }) as const

describe('messages', () => {
  it('repeat the last user text and count words', async () => {
    const answer = await client.messages.create({ ...base, system: 'be brief', messages: [user('hello there')] })
    expect(answer.id).toMatch(/^msg_sim_\d{6}$/)
    expect(answer).toMatchObject({
      content: [{ type: 'text', text: 'hello there' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 4, output_tokens: 2 },
    })
    expect(
      (await client.messages.countTokens({ model: 'echo', system: 'be brief', messages: [user('hello there')] }))
        .input_tokens,
    ).toBe(4)
  })

  it('stream to the same message', async () => {
    const stream = client.messages.stream({ ...base, messages: [user('one two')] })
    const types: string[] = []
    stream.on('streamEvent', (event) => types.push(event.type))
    const answer = await stream.finalMessage()
    expect(answer).toMatchObject({
      content: [{ type: 'text', text: 'one two' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 2, output_tokens: 2 },
    })
    expect(types).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it('stop at the token limit and at a stop sequence', async () => {
    expect(await client.messages.create({ ...base, max_tokens: 1, messages: [user('one two')] })).toMatchObject({
      content: [{ text: 'one' }],
      stop_reason: 'max_tokens',
    })
    expect(
      await client.messages.create({ ...base, stop_sequences: ['two'], messages: [user('one two')] }),
    ).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'two' })
  })

  it('show images and documents in the echo', async () => {
    const data = Buffer.alloc(123).toString('base64')
    const answer = await client.messages.create({
      ...base,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'héllo' } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/cat.png' } },
          ],
        },
      ],
    })
    expect(answer.content).toEqual([
      {
        type: 'text',
        text: 'look [image image/png 123 bytes] [document application/pdf 123 bytes] [document text/plain 6 bytes] [image https://example.com/cat.png]',
      },
    ])
  })

  it('count cache marks in disjoint classes', async () => {
    const mark = { cache_control: { type: 'ephemeral' } } as const
    const answer = await client.messages.create({
      ...base,
      system: [{ type: 'text', text: 'a b c', ...mark }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'd e', cache_control: { type: 'ephemeral', ttl: '1h' } },
            { type: 'text', text: 'f' },
          ],
        },
      ],
    })
    expect(answer.usage).toMatchObject({
      input_tokens: 1,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 2,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 2 },
    })
  })

  it('answer a JSON schema with an instance of it', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }
    const answer = await client.messages.create({
      ...base,
      output_config: { format: { type: 'json_schema', schema } },
      messages: [user('x')],
    })
    expect(answer.content).toEqual([{ type: 'text', text: '{"ok":false}' }])
  })
})

describe('thinking', () => {
  const thinking = { type: 'enabled', budget_tokens: 1024 } as const
  const ask = { model: 'echo', max_tokens: 2000, thinking, messages: [user('something redacted')] }

  it('comes signed, with a redacted block where the text says so, whole and streamed alike', async () => {
    const whole = await client.messages.create(ask)
    expect(whole.content.map((block) => block.type)).toEqual(['redacted_thinking', 'thinking', 'text'])
    expect((await client.messages.stream(ask).finalMessage()).content).toEqual(whole.content)
  })

  it('is refused when it comes back altered', async () => {
    const { content } = await client.messages.create(ask)
    const back = (blocks: typeof content) =>
      client.messages.create({
        ...ask,
        messages: [...ask.messages, { role: 'assistant', content: blocks }, user('go on')],
      })
    expect((await back(content)).stop_reason).toBe('end_turn')
    const altered = content.map((block) => (block.type === 'thinking' ? { ...block, thinking: 'other' } : block))
    await expect(back(altered)).rejects.toMatchObject({ status: 400 })
  })
})

describe('tools', () => {
  const tools = [tool('weather'), tool('time')]
  const messages = [user('call weather {"city":"Paris"} and call time')]
  const content = [
    { type: 'tool_use', name: 'weather', input: { city: 'Paris' } },
    { type: 'tool_use', name: 'time', input: {} },
  ]

  it('are called in parallel, whole and streamed', async () => {
    expect(await client.messages.create({ ...base, tools, messages })).toMatchObject({
      stop_reason: 'tool_use',
      content,
    })
    expect(await client.messages.stream({ ...base, tools, messages }).finalMessage()).toMatchObject({
      stop_reason: 'tool_use',
      content,
    })
  })

  it('follow tool_choice', async () => {
    const names = async (tool_choice: Anthropic.ToolChoice) =>
      (await client.messages.create({ ...base, tools, messages, tool_choice })).content.map((block) =>
        block.type === 'tool_use' ? block.name : block.type,
      )
    expect(await names({ type: 'none' })).toEqual(['text'])
    expect(await names({ type: 'tool', name: 'time' })).toEqual(['time'])
    expect(await names({ type: 'auto', disable_parallel_tool_use: true })).toEqual(['weather'])
  })

  it('get their results repeated, errors marked, and must be answered', async () => {
    const { content: called } = await client.messages.create({ ...base, tools, messages: [user('call time')] })
    const [call] = called
    if (call?.type !== 'tool_use') throw new Error('no call')
    const result = { type: 'tool_result', tool_use_id: call.id, content: 'no clock', is_error: true } as const
    const turn = (content: Anthropic.MessageParam['content']) =>
      client.messages.create({
        ...base,
        tools,
        messages: [user('call time'), { role: 'assistant', content: called }, { role: 'user', content }],
      })
    expect((await turn([result])).content).toMatchObject([{ text: '[error] no clock' }])
    await expect(turn('never mind')).rejects.toMatchObject({ status: 400 })
    await expect(turn([result, { ...result, tool_use_id: 'toolu_other' }])).rejects.toMatchObject({ status: 400 })
  })
})

describe('errors', () => {
  it('reach the SDK as its own classes', async () => {
    const wrongKey = new Anthropic({ apiKey: 'bad', baseURL: simulator.url, maxRetries: 0 })
    await expect(wrongKey.messages.create({ ...base, messages: [user('x')] })).rejects.toBeInstanceOf(
      Anthropic.AuthenticationError,
    )
    await expect(client.messages.create({ ...base, max_tokens: 0, messages: [user('x')] })).rejects.toBeInstanceOf(
      Anthropic.BadRequestError,
    )
    simulator.enqueue({ kind: 'status', status: 529 }, { kind: 'error-in-stream' })
    await expect(client.messages.create({ ...base, messages: [user('x')] })).rejects.toMatchObject({ status: 529 })
    await expect(client.messages.stream({ ...base, messages: [user('x')] }).finalMessage()).rejects.toThrow(
      /overloaded/,
    )
  })

  it('name what a request lacks', async () => {
    const ask = async (body: string, headers: Record<string, string> = { 'anthropic-version': '2023-06-01' }) => {
      const response = await fetch(`${simulator.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': 'good', ...headers },
        body,
      })
      return [response.status, await response.text()]
    }
    expect(await ask('{}', {})).toEqual([400, expect.stringContaining('anthropic-version')])
    expect(await ask('{')).toEqual([400, expect.stringContaining('"type":"error"')])
    expect(await ask('{"model":"echo","messages":[]}')).toEqual([400, expect.stringContaining('max_tokens')])
    expect(
      await ask('{"model":"echo","max_tokens":1,"temperature":2,"messages":[{"role":"user","content":"x"}]}'),
    ).toEqual([400, expect.stringContaining('temperature')])
    expect(await ask('{"model":"echo","max_tokens":1}')).toEqual([400, expect.stringContaining('messages')])
  })

  it('lists models in its own shape', async () => {
    expect((await client.models.list()).data.map((model) => model.type)).toContain('model')
  })
})
