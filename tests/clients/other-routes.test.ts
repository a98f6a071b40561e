// The routes besides chat, with the official SDKs: embeddings, legacy completions, responses, models, token counts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anthropic, openAi } from './speakers.ts'
import { type InFront, startInFront } from './upstreams.ts'

let front: InFront
beforeAll(async () => {
  front = await startInFront('simulator')
})
afterAll(() => front.stop())

const lastPath = (): string | undefined => front.upstream.came().at(-1)?.path

describe('the SDK of openai', () => {
  // Without `encoding_format` the SDK asks for base64 and decodes it.
  test.each(['float', 'base64', undefined] as const)('gets embeddings as %s', async (format) => {
    const answer = await openAi(front.service.url).embeddings.create({
      model: 'openai/embed',
      input: ['one text', 'another'],
      dimensions: 8,
      ...(format === undefined ? {} : { encoding_format: format }),
    })
    expect(answer.data.map(({ index }) => index)).toEqual([0, 1])
    const [first] = answer.data
    if (format === 'base64') expect(typeof first?.embedding).toBe('string')
    else expect(first?.embedding.length).toBe(8)
    expect(answer.usage.prompt_tokens).toBe(3)
    expect(lastPath()).toBe('/v1/embeddings')
  })

  test('gets a legacy completion, whole and streamed', async () => {
    const { completions } = openAi(front.service.url)
    const body = { model: 'openai/echo', prompt: 'once upon a time' }
    const whole = await completions.create(body)
    expect(whole.choices[0]?.text).toBe('once upon a time')
    let text = ''
    for await (const chunk of await completions.create({ ...body, stream: true })) text += chunk.choices[0]?.text ?? ''
    expect(text).toBe('once upon a time')
    expect(lastPath()).toBe('/v1/completions')
  })

  test('gets a response, whole and streamed', async () => {
    const { responses } = openAi(front.service.url)
    const whole = await responses.create({ model: 'openai/echo', input: 'ping pong' })
    expect(whole.output_text).toBe('ping pong')
    const stream = responses.stream({ model: 'openai/echo', input: 'ping pong' })
    let text = ''
    stream.on('response.output_text.delta', ({ delta }) => {
      text += delta
    })
    const last = await stream.finalResponse()
    expect(text).toBe('ping pong')
    expect(last.status).toBe('completed')
    expect(lastPath()).toBe('/v1/responses')
  })

  test('is told that a provider of Anthropic has no responses and no embeddings', async () => {
    const sdk = openAi(front.service.url)
    await expect(sdk.responses.create({ model: 'anthropic/echo', input: 'x' })).rejects.toMatchObject({ status: 404 })
    await expect(sdk.embeddings.create({ model: 'anthropic/embed', input: 'x' })).rejects.toMatchObject({ status: 404 })
  })

  test('lists models, and gets one by its name', async () => {
    const ids: string[] = []
    for await (const model of openAi(front.service.url).models.list()) {
      expect(model.object).toBe('model')
      ids.push(model.id)
    }
    expect(ids).toContain('openai/gpt-4o')
    expect(ids.some((id) => id.startsWith('anthropic/'))).toBe(true)
    const one = await openAi(front.service.url).models.retrieve('openai/gpt-4o')
    expect(one).toMatchObject({ id: 'openai/gpt-4o', owned_by: 'openai', context_window: expect.any(Number) })
  })

  test('is told which models there are where one is not', async () => {
    await expect(openAi(front.service.url).models.retrieve('openai/none')).rejects.toMatchObject({
      status: 404,
      code: 'caller_model_not_found',
    })
  })
})

describe('the SDK of anthropic', () => {
  test('counts tokens', async () => {
    const count = await anthropic(front.service.url).messages.countTokens({
      model: 'anthropic/echo',
      messages: [{ role: 'user', content: 'one two three' }],
    })
    expect(count.input_tokens).toBe(3)
    expect(lastPath()).toBe('/v1/messages/count_tokens')
  })

  test('is told that a provider of OpenAI cannot count tokens', async () => {
    const counting = anthropic(front.service.url).messages.countTokens({
      model: 'openai/echo',
      messages: [{ role: 'user', content: 'one two three' }],
    })
    await expect(counting).rejects.toMatchObject({ status: 404 })
  })

  test('lists models, and gets one by its name', async () => {
    const ids: string[] = []
    for await (const model of anthropic(front.service.url).models.list()) {
      expect(model.type).toBe('model')
      ids.push(model.id)
    }
    expect(ids.some((id) => id.startsWith('anthropic/claude'))).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
    const [first = ''] = ids
    expect((await anthropic(front.service.url).models.retrieve(first)).id).toBe(first)
  })
})
