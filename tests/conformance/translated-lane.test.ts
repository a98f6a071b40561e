// Every recording through the running service where client and provider speak different dialects: what is said stays the same.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anthropicMessages, openaiChat, type Recording } from './recordings.ts'
import {
  anthropicRequest,
  type Got,
  modelOf,
  openAiRequest,
  post,
  type Replayed,
  replay,
  startReplayed,
} from './replayed.ts'
import { anthropicStopFor, framesOf, openAiStopFor, type Said, saidByAnthropic, saidByOpenAi } from './said.ts'

/** Streams up to this length also come byte by byte. */
const smallBytes = 6_000

let replayed: Replayed
beforeAll(async () => {
  replayed = await startReplayed()
})
afterAll(() => replayed.stop())

const named = (recordings: readonly Recording[]) => recordings.map((recording) => [recording.name, recording] as const)

// DeepSeek and Moonshot speak Anthropic's dialect themselves, so their chat recordings come from a provider that does not.
function chatModelOf(recording: Recording): string {
  return /deepseek-chat|moonshotai/.test(recording.source) ? 'wire-compatible' : modelOf(recording)
}

async function asAnthropic(recording: Recording, splitEveryBytes?: number): Promise<Got> {
  const mark = replayed.arm(replay(recording, splitEveryBytes))
  const got = await post(
    replayed.service,
    '/v1/messages',
    anthropicRequest(chatModelOf(recording), mark, recording.stream),
  )
  expect(replayed.requestOf(mark)?.path).toMatch(/\/chat\/completions$/)
  return expectTranslated(got)
}

async function asOpenAi(recording: Recording, splitEveryBytes?: number): Promise<Got> {
  const mark = replayed.arm(replay(recording, splitEveryBytes))
  const sent = openAiRequest(modelOf(recording), mark, recording.stream)
  const got = await post(replayed.service, '/v1/chat/completions', sent)
  expect(replayed.requestOf(mark)?.path).toBe('/v1/messages')
  return expectTranslated(got)
}

function expectTranslated(got: Got): Got {
  expect(got.status).toBe(200)
  expect(got.headers.get('x-ai-lane')).toBe('translate')
  return got
}

function expectSame(heard: Said, said: Said, stop: string): void {
  expect(heard.text).toBe(said.text)
  expect(heard.reasoning).toBe(said.reasoning)
  expect(heard.calls).toEqual(said.calls)
  expect(heard.stop).toBe(stop)
  if (said.usage) expect(heard.usage).toEqual(said.usage)
}

test.each(named(openaiChat))('%s is told to a client of Anthropic', async (_, recording) => {
  const got = await asAnthropic(recording)
  const said = saidByOpenAi(recording.bytes, recording.stream)
  expectSame(saidByAnthropic(got.body, recording.stream), said, anthropicStopFor(said))
  if (recording.stream) expectAnthropicOrder(got.body)
})

test.each(named(anthropicMessages))('%s is told to a client of OpenAI', async (_, recording) => {
  const got = await asOpenAi(recording)
  const said = saidByAnthropic(recording.bytes, recording.stream)
  expectSame(saidByOpenAi(got.body, recording.stream), said, stopHeard(recording, said))
  if (recording.stream) expectOpenAiOrder(got.body)
})

const small = (recordings: readonly Recording[]) =>
  named(recordings.filter(({ stream, bytes }) => stream && bytes.length <= smallBytes))

test.each(small(openaiChat))('%s is told the same where it comes byte by byte', async (_, recording) => {
  expect(saidByAnthropic((await asAnthropic(recording, 1)).body, true)).toEqual(
    saidByAnthropic((await asAnthropic(recording)).body, true),
  )
})

test.each(small(anthropicMessages))('%s is told the same where it comes byte by byte', async (_, recording) => {
  expect(saidByOpenAi((await asOpenAi(recording, 1)).body, true)).toEqual(
    saidByOpenAi((await asOpenAi(recording)).body, true),
  )
})

// OpenAI says "stop" behind a refusal that it explains, and "content_filter" where there are no words.
function stopHeard({ bytes }: Recording, said: Said): string {
  if (said.stop !== 'refusal') return openAiStopFor(said)
  return bytes.includes('"explanation":') && !bytes.includes('"explanation":null') ? 'stop' : 'content_filter'
}

/** Blocks one after the other, each ended, and the frames around them in their places. */
function expectAnthropicOrder(stream: Buffer): void {
  const frames = framesOf(stream)
  const types = frames.map(({ type }) => type)
  expect(types[0]).toBe('message_start')
  expect(types.slice(-2)).toEqual(['message_delta', 'message_stop'])
  let open: number | undefined
  let next = 0
  for (const frame of frames.slice(1, -2)) {
    if (frame['type'] === 'content_block_start') {
      expect(open).toBeUndefined()
      expect(frame['index']).toBe(next)
      open = next++
    } else if (frame['type'] === 'content_block_delta' || frame['type'] === 'content_block_stop') {
      expect(frame['index']).toBe(open)
      if (frame['type'] === 'content_block_stop') open = undefined
    }
  }
  expect(open).toBeUndefined()
}

/** The role first, one finish reason, usage alone behind it, and `[DONE]` last. */
function expectOpenAiOrder(stream: Buffer): void {
  const frames = framesOf(stream)
  expect(stream.toString('utf8').endsWith('data: [DONE]\n\n')).toBe(true)
  expect(frames[0]?.['choices'][0].delta.role).toBe('assistant')
  const finishes = frames.filter(({ choices }) => choices[0]?.finish_reason)
  expect(finishes.length).toBe(1)
  expect(frames.indexOf(finishes[0]!)).toBe(frames.length - 2)
  expect(frames.at(-1)).toMatchObject({ choices: [], usage: expect.anything() })
  expect(new Set(frames.map(({ id }) => id)).size).toBe(1)
}
