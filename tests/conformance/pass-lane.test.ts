// Every recording through the running service where client and provider speak the same dialect: bytes in are bytes out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anthropicMessages, eventEnds, openaiChat, openaiOther, openaiResponses, type Recording } from './recordings.ts'
import { framesOf } from './said.ts'
import { anthropicRequest, modelOf, openAiRequest, post, type Replayed, replay, startReplayed } from './replayed.ts'

/** Streams up to this length also come byte by byte. */
const smallBytes = 6_000

let replayed: Replayed
beforeAll(async () => {
  replayed = await startReplayed()
})
afterAll(() => replayed.stop())

interface Route {
  readonly path: string
  request(recording: Recording, mark: string): string
}

const chat: Route = {
  path: '/v1/chat/completions',
  request: (recording, mark) => openAiRequest(modelOf(recording), mark, recording.stream),
}
const messages: Route = {
  path: '/v1/messages',
  request: (recording, mark) => anthropicRequest(modelOf(recording), mark, recording.stream),
}
const responses: Route = {
  path: '/v1/responses',
  request: (recording, mark) =>
    `{ "model":"${modelOf(recording)}", "stream":${recording.stream}, "input" : "${mark} \\u0061", "store":false }`,
}
const completions: Route = {
  path: '/v1/completions',
  request: (recording, mark) =>
    `{"prompt":"${mark}", "model" : "${modelOf(recording)}","stream":${recording.stream},"stream_options":{"include_usage":true}}`,
}
const embeddings: Route = {
  path: '/v1/embeddings',
  request: (recording, mark) => `{"input":["${mark}"], "model" : "${modelOf(recording)}"}`,
}

const cases: readonly (readonly [name: string, recording: Recording, route: Route])[] = [
  ...openaiChat.map((recording) => [recording.name, recording, chat] as const),
  ...anthropicMessages.map((recording) => [recording.name, recording, messages] as const),
  ...openaiResponses.map((recording) => [recording.name, recording, responses] as const),
  ...openaiOther.map(
    (recording) =>
      [recording.name, recording, recording.name.includes('embedding') ? embeddings : completions] as const,
  ),
]

async function exchanged(recording: Recording, route: Route, splitEveryBytes?: number) {
  const mark = replayed.arm(replay(recording, splitEveryBytes))
  const sent = route.request(recording, mark)
  const got = await post(replayed.service, route.path, sent)
  return { sent, got, upstream: replayed.requestOf(mark) }
}

test('there are recordings of every dialect, whole and streamed', () => {
  for (const [list, atLeast] of [
    [openaiChat, 44],
    [anthropicMessages, 60],
    [openaiResponses, 60],
    [openaiOther, 3],
  ] as const)
    expect(list.length).toBeGreaterThanOrEqual(atLeast)
})

test.each(cases)('%s passes both ways byte for byte', async (_, recording, route) => {
  const { sent, got, upstream } = await exchanged(recording, route)
  expect(got.headers.get('x-ai-lane')).toBe('pass')
  expect(got.status).toBe(200)
  expect(upstream?.body.toString('utf8')).toBe(sent)
  expect(got.body.equals(recording.bytes)).toBe(true)
})

const small = cases.filter(([, { stream, bytes }]) => stream && bytes.length <= smallBytes)

test.each(small)('%s passes byte for byte where it comes byte by byte', async (_, recording, route) => {
  const { got } = await exchanged(recording, route, 1)
  expect(got.body.equals(recording.bytes)).toBe(true)
})

test.each(cases.filter(([, { stream }]) => stream))('%s ends at its terminal event', async (_, recording, route) => {
  const behind = Buffer.concat([recording.bytes, Buffer.from('event: extra\ndata: {"type":"extra"}\n\n: late\n\n')])
  const { got } = await exchanged({ ...recording, bytes: behind }, route)
  expect(got.body.equals(recording.bytes)).toBe(true)
})

describe('the splice lane', () => {
  const streams = openaiChat.filter(({ stream }) => stream)

  test.each(streams.map((recording) => [recording.name, recording] as const))(
    '%s: the model is replaced, and of the answer only the usage that nobody asked for is missing',
    async (_, recording) => {
      const mark = replayed.arm(replay(recording))
      const asked = openAiRequest(modelOf(recording).replace('wire', 'other'), mark, true)
      const silent = asked.replace(' "stream_options": { "include_usage" :true },', '')
      const got = await post(replayed.service, '/v1/chat/completions', silent)
      const upstream = replayed.requestOf(mark)?.body.toString('utf8') ?? ''
      expect(got.headers.get('x-ai-lane')).toBe('splice')
      const { stream_options: added, ...rest } = JSON.parse(upstream)
      const { model, ...others } = JSON.parse(silent)
      expect(rest).toEqual({ ...others, model: modelOf(recording) })
      expect(model).not.toBe(modelOf(recording))
      const asksUsage = recording.source !== 'perplexity' && recording.source !== 'mistral'
      expect(added).toEqual(added === undefined ? undefined : { include_usage: true })
      if (asksUsage) expect(added).toBeDefined()
      expect(got.body.toString('utf8')).toBe(
        added ? withoutUsageOnly(recording.bytes) : recording.bytes.toString('utf8'),
      )
    },
  )

  test.each(anthropicMessages.slice(0, 12).map((recording) => [recording.name, recording] as const))(
    '%s: an alias changes the model of a messages request and nothing else',
    async (_, recording) => {
      const mark = replayed.arm(replay(recording))
      const sent = anthropicRequest('other-anthropic', mark, recording.stream)
      const got = await post(replayed.service, '/v1/messages', sent)
      expect(got.headers.get('x-ai-lane')).toBe('splice')
      expect(replayed.requestOf(mark)?.body.toString('utf8')).toBe(sent.replace('other-anthropic', 'wire-anthropic'))
      expect(got.body.equals(recording.bytes)).toBe(true)
    },
  )
})

function withoutUsageOnly(stream: Buffer): string {
  const ends = eventEnds(stream)
  const events = ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end).toString('utf8'))
  return events.filter((event) => !framesOf(Buffer.from(event)).some(isUsageOnly)).join('')
}

function isUsageOnly(frame: Record<string, unknown>): boolean {
  return (
    Array.isArray(frame['choices']) &&
    frame['choices'].length === 0 &&
    frame['usage'] !== null &&
    frame['usage'] !== undefined
  )
}
