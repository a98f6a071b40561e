// The official OpenAI package, unmodified, against the simulator.
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../simulator.ts'

let simulator: Simulator
let client: OpenAI
beforeAll(async () => {
  simulator = await startSimulator({ keys: ['sk-good'] })
  client = new OpenAI({ apiKey: 'sk-good', baseURL: `${simulator.url}/openai/v1`, maxRetries: 0 })
})
afterAll(() => simulator.close())
afterEach(() => simulator.setDefault(undefined))

const user = (content: string) => ({ role: 'user', content }) as const
const tool = (name: string) => ({ type: 'function', function: { name, parameters: { type: 'object' } } }) as const

describe('chat', () => {
  it('repeats the last user text and counts words', async () => {
    const answer = await client.chat.completions.create({
      model: 'echo',
      messages: [{ role: 'system', content: 'be brief' }, user('hello there you')],
    })
    expect(answer.id).toMatch(/^chatcmpl-sim-\d{6}$/)
    expect(answer.choices[0]).toMatchObject({
      message: { content: 'hello there you', refusal: null },
      finish_reason: 'stop',
    })
    expect(answer.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 })
  })

  it('streams the same text, with usage only where asked for', async () => {
    const stream = await client.chat.completions.create({
      model: 'echo',
      stream: true,
      stream_options: { include_usage: true },
      messages: [user('one two three')],
    })
    const chunks = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('one two three')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 3 } })
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    const without = await client.chat.completions.create({ model: 'echo', stream: true, messages: [user('one')] })
    for await (const chunk of without) expect(chunk).not.toHaveProperty('usage')
  })

  it('stops at the token limit and at a stop text', async () => {
    const short = await client.chat.completions.create({
      model: 'echo',
      max_tokens: 2,
      messages: [user('one two three')],
    })
    expect(short.choices[0]).toMatchObject({ message: { content: 'one two' }, finish_reason: 'length' })
    const stopped = await client.chat.completions.create({
      model: 'echo',
      stop: ['two'],
      n: 2,
      messages: [user('one two three')],
    })
    expect(stopped.choices.map((choice) => [choice.message.content, choice.finish_reason])).toEqual([
      ['one ', 'stop'],
      ['one ', 'stop'],
    ])
  })

  it('shows media parts in the echo', async () => {
    const answer = await client.chat.completions.create({
      model: 'echo',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${Buffer.alloc(123).toString('base64')}` } },
            { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
            {
              type: 'file',
              file: {
                filename: 'a.pdf',
                file_data: `data:application/pdf;base64,${Buffer.alloc(7).toString('base64')}`,
              },
            },
            { type: 'input_audio', input_audio: { format: 'wav', data: Buffer.alloc(9).toString('base64') } },
          ],
        },
      ],
    })
    expect(answer.choices[0]?.message.content).toBe(
      'look [image image/png 123 bytes] [image https://example.com/cat.png] [document application/pdf 7 bytes] [audio audio/wav 9 bytes]',
    )
  })

  it('answers a JSON schema with an instance of it', async () => {
    const answer = await client.chat.completions.create({
      model: 'echo',
      messages: [user('give me')],
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'x',
          schema: {
            type: 'object',
            required: ['city', 'age'],
            properties: { city: { type: 'string' }, age: { type: 'integer' } },
          },
        },
      },
    })
    expect(answer.choices[0]?.message.content).toBe('{"city":"text","age":0}')
  })

  it('gives reasoning to who asks for it', async () => {
    const stream = await client.chat.completions.create({
      model: 'echo',
      stream: true,
      reasoning_effort: 'low',
      messages: [user('why')],
    })
    const pieces = []
    for await (const chunk of stream) pieces.push(JSON.stringify(chunk.choices[0]?.delta))
    expect(pieces.slice(1, 3)).toEqual(['{"reasoning_content":"The"}', '{"reasoning_content":" user"}'])
    const whole = await client.chat.completions.create({ model: 'echo-reasoning', messages: [user('why')] })
    expect(whole.choices[0]?.message).toMatchObject({ content: 'why', reasoning_content: 'The user says: why' })
    expect(whole.usage?.completion_tokens_details?.reasoning_tokens).toBe(4)
  })
})

describe('tools', () => {
  const text = 'call weather {"city":"Par{is"} and then call time.'
  const tools = [tool('weather'), tool('time')]
  const calls = [
    { type: 'function', function: { name: 'weather', arguments: '{"city":"Par{is"}' } },
    { type: 'function', function: { name: 'time', arguments: '{}' } },
  ]

  it('are called in parallel, whole and streamed', async () => {
    const whole = await client.chat.completions.create({ model: 'echo', tools, messages: [user(text)] })
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: calls },
    })
    const streamed = await client.chat.completions
      .stream({ model: 'echo', tools, messages: [user(text)] })
      .finalChatCompletion()
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject(calls)
  })

  it('follow tool_choice and parallel_tool_calls', async () => {
    const ask = async (more: object, said = text) =>
      (
        await client.chat.completions.create({ model: 'echo', tools, messages: [user(said)], ...more })
      ).choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.name)
    expect(await ask({ tool_choice: 'none' })).toBeUndefined()
    expect(await ask({ parallel_tool_calls: false })).toEqual(['weather'])
    expect(await ask({ tool_choice: 'required' }, 'anything')).toEqual(['weather'])
    expect(await ask({ tool_choice: { type: 'function', function: { name: 'time' } } }, 'anything')).toEqual(['time'])
  })

  it('get their results repeated, and must be answered', async () => {
    const first = await client.chat.completions.create({ model: 'echo', tools, messages: [user('call time')] })
    const message = first.choices[0]?.message
    if (message?.tool_calls?.[0] === undefined) throw new Error('no call')
    const result = { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'noon' } as const
    const second = await client.chat.completions.create({
      model: 'echo',
      tools,
      messages: [user('call time'), message, result],
    })
    expect(second.choices[0]?.message.content).toContain('noon')
    await expect(
      client.chat.completions.create({ model: 'echo', messages: [user('x'), { ...result, tool_call_id: 'other' }] }),
    ).rejects.toMatchObject({ status: 400 })
    await expect(
      client.chat.completions.create({ model: 'echo', messages: [user('x'), message, user('y')] }),
    ).rejects.toMatchObject({ status: 400 })
  })
})

describe('errors', () => {
  it('reach the SDK as its own classes', async () => {
    const wrongKey = new OpenAI({ apiKey: 'sk-bad', baseURL: `${simulator.url}/v1`, maxRetries: 0 })
    await expect(wrongKey.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
    await expect(client.chat.completions.create({ model: 'echo', messages: [] })).rejects.toBeInstanceOf(
      OpenAI.BadRequestError,
    )
    simulator.enqueue({ kind: 'status', status: 429 })
    await expect(client.chat.completions.create({ model: 'echo', messages: [user('x')] })).rejects.toBeInstanceOf(
      OpenAI.RateLimitError,
    )
    simulator.enqueue({ kind: 'error-in-stream', afterEvents: 1 })
    const stream = await client.chat.completions.create({ model: 'echo', stream: true, messages: [user('x')] })
    await expect(collect(stream)).rejects.toBeInstanceOf(OpenAI.APIError)
  })
})

describe('the other OpenAI routes', () => {
  it('embed to unit vectors that depend only on the text', async () => {
    const ask = (more: object = {}) =>
      client.embeddings.create({ model: 'embed', input: ['same', 'other'], dimensions: 8, ...more })
    const base64 = (await ask()).data.map((one) => one.embedding)
    const floats = (await ask({ encoding_format: 'float' })).data.map((one) => one.embedding)
    expect(floats).toEqual(base64)
    expect(floats[0]).not.toEqual(floats[1])
    expect(Math.hypot(...(floats[0] ?? []))).toBeCloseTo(1, 5)
    expect((await client.embeddings.create({ model: 'embed', input: 'same' })).data[0]?.embedding).toHaveLength(256)
  })

  it('complete in the old way', async () => {
    const whole = await client.completions.create({ model: 'echo', prompt: ['a b', 'c'] })
    expect(whole.choices.map((choice) => choice.text)).toEqual(['a b', 'c'])
    const chunks = await collect(await client.completions.create({ model: 'echo', prompt: 'a b', stream: true }))
    expect(chunks.map((chunk) => chunk.choices[0]?.text).join('')).toBe('a b')
  })

  it('respond, whole and streamed', async () => {
    expect((await client.responses.create({ model: 'echo', input: 'hi there' })).output_text).toBe('hi there')
    const streamed = await client.responses
      .stream({ model: 'echo', input: [{ role: 'user', content: 'hi there' }] })
      .finalResponse()
    expect(streamed.output_text).toBe('hi there')
    expect(streamed.usage?.total_tokens).toBe(4)
  })

  it('list models', async () => {
    expect((await client.models.list()).data.map((model) => model.id)).toContain('script')
    expect((await client.models.retrieve('echo')).id).toBe('echo')
  })
})

async function collect<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}
