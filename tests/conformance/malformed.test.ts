// Recorded errors and recordings that are malformed on purpose: the client gets an error or one whole message, never a mixture.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  anthropicMalformed,
  openaiError,
  openaiResponsesDamaged,
  openaiResponsesErrors,
  type Recording,
} from './recordings.ts'
import { anthropicRequest, type Got, openAiRequest, post, type Replayed, replay, startReplayed } from './replayed.ts'
import { framesOf, saidByAnthropic, saidByOpenAi } from './said.ts'

let replayed: Replayed
beforeAll(async () => {
  replayed = await startReplayed()
})
afterAll(() => replayed.stop())

const named = (recordings: readonly Recording[]) => recordings.map((recording) => [recording.name, recording] as const)

function responsesRequest(mark: string, stream: boolean): string {
  return JSON.stringify({ model: 'wire-openai', input: mark, stream })
}

describe.each(named(anthropicMalformed))('%s', (name, recording) => {
  test('on the pass lane ends in an error or is one whole message', async () => {
    const mark = replayed.arm(replay(recording))
    const got = await post(replayed.service, '/v1/messages', anthropicRequest('wire-anthropic', mark, true))
    expectOneMessageOrError(got, 'message_stop', () => {
      const starts = framesOf(got.body).filter(({ type }) => type === 'message_start')
      expect(starts.length).toBe(1)
      const said = saidByAnthropic(got.body, true)
      expect(name.includes('duplicate') ? said.text : said.calls.length).toBe(
        name.includes('duplicate') ? 'Hello, World!' : 1,
      )
    })
  })

  test('on the translated lane ends in an error or is one whole message', async () => {
    const mark = replayed.arm(replay(recording))
    const got = await post(replayed.service, '/v1/chat/completions', openAiRequest('wire-anthropic', mark, true))
    expectOneMessageOrError(got, '[DONE]', () => {
      const said = saidByOpenAi(got.body, true)
      expect(name.includes('duplicate') ? said.text : said.calls.length).toBe(
        name.includes('duplicate') ? 'Hello, World!' : 1,
      )
    })
  })
})

function expectOneMessageOrError(got: Got, terminal: string, isWhole: () => void): void {
  if (got.status !== 200) return expectErrorBody(got)
  const text = got.body.toString('utf8')
  if (text.includes(terminal)) isWhole()
  else expect(framesOf(got.body).at(-1)?.['error'].code).toMatch(/^provider_/)
}

function expectErrorBody(got: Got): void {
  expect(got.status).toBe(502)
  expect(JSON.parse(got.body.toString('utf8')).error.message).not.toBe('')
}

test.each(named(openaiResponsesDamaged))('%s, which is no JSON, ends in an error', async (_, recording) => {
  const mark = replayed.arm(replay(recording))
  const got = await post(replayed.service, '/v1/responses', responsesRequest(mark, true))
  expectErrorBody(got)
})

test.each(named(openaiError))('%s reaches the client with its words and its parameter', async (_, recording) => {
  const mark = replayed.arm({ ...replay(recording), status: 400 })
  const got = await post(replayed.service, '/v1/chat/completions', openAiRequest('wire-openai', mark, false))
  const { error } = JSON.parse(got.body.toString('utf8'))
  expect(got.status).toBe(400)
  expect(error.message).toContain("Unsupported parameter: 'max_tokens'")
  expect(error).toMatchObject({ param: 'max_tokens', code: 'provider_rejected_request' })
})

// An account without money loses its key until it is refreshed, so each of these has a service of its own.
test.each([
  ['openai/openai-error.1.chunks.txt', 200, 502, 'provider_quota_exhausted'],
  ['openai/openai-error.1.json', 429, 502, 'provider_quota_exhausted'],
  ['openai/reasoning-model-temperature-error.json', 400, 400, 'provider_rejected_request'],
] as const)('%s with status %i becomes %i %s', async (name, status, expected, code) => {
  const recording = openaiResponsesErrors.find((one) => one.name === name)
  if (!recording) throw new Error(`${name} is missing`)
  const own = await startReplayed()
  onTestFinished(() => own.stop())
  const mark = own.arm({ ...replay(recording), status })
  const got = await post(own.service, '/v1/responses', responsesRequest(mark, recording.stream))
  expect(got.status).toBe(expected)
  expect(JSON.parse(got.body.toString('utf8')).error.code).toBe(code)
})
