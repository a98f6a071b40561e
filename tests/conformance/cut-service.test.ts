// Streams that a provider cuts, through the running service: the client never takes a cut answer for a whole one.
import type { Behaviour } from 'ai-simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anthropicMessages, eventEnds, openaiChat, openaiResponses, type Recording } from './recordings.ts'
import {
  anthropicRequest,
  type Got,
  openAiRequest,
  post,
  providerOf,
  type Replayed,
  startReplayed,
} from './replayed.ts'

const isLong = Boolean(process.env['LONG'])
/** Streams up to this length are cut at every offset; without LONG the two shortest of each dialect are. */
const smallBytes = 2_500
const sideBySide = 24

let replayed: Replayed
beforeAll(async () => {
  replayed = await startReplayed()
})
afterAll(() => replayed.stop())

/** `clean`: a proper end of HTTP; `closed`: a body that the end of the connection ends; `short`: less than content-length said. */
const hows = ['clean', 'closed', 'short'] as const
type How = (typeof hows)[number]

function cut({ bytes }: Recording, offset: number, how: How): Behaviour {
  const type = { 'content-type': 'text/event-stream' }
  return {
    kind: 'raw',
    status: 200,
    headers: how === 'short' ? { ...type, 'content-length': String(bytes.length), connection: 'close' } : type,
    chunks: [bytes.subarray(0, offset)],
    closeDelimited: how === 'closed',
  }
}

/** A model of its own for each cut: five in a row would open the breaker of one that they share. */
function ownModel(recording: Recording, mark: string): string {
  return `${providerOf(recording)}/cut-${mark}`
}

type Client = 'chat' | 'messages' | 'responses'

const requests: Readonly<Record<Client, (recording: Recording, mark: string) => Promise<Got>>> = {
  chat: (recording, mark) =>
    post(replayed.service, '/v1/chat/completions', openAiRequest(ownModel(recording, mark), mark, true)),
  messages: (recording, mark) =>
    post(replayed.service, '/v1/messages', anthropicRequest(ownModel(recording, mark), mark, true)),
  responses: (recording, mark) => {
    const body = JSON.stringify({ model: ownModel(recording, mark), input: mark, stream: true })
    return post(replayed.service, '/v1/responses', body)
  },
}

const terminals: Readonly<Record<Client, RegExp>> = {
  chat: /^data: \[DONE\]$/m,
  messages: /message_stop/,
  responses: /response\.(completed|incomplete)"/,
}

const errorEvents: Readonly<Record<Client, RegExp>> = {
  chat: /(^|\n\n)data: \{"error":\{[^\n]*"code":"provider_truncated"[^\n]*\}\n\n$/,
  messages: /(^|\n\n)event: error\ndata: \{"type":"error",[^\n]*provider_truncated[^\n]*\}\n\n$/,
  responses: /(^|\n\n)event: error\ndata: \{[^\n]*"code":"provider_truncated"[^\n]*\}\n\n$/,
}

/** What is wrong with an answer to a cut stream; undefined where it tells the truth. */
function flawOf(got: Got, client: Client): string | undefined {
  const text = got.body.toString('utf8')
  if (terminals[client].test(text)) return 'looks complete'
  if (got.status === 502)
    return text.includes('provider_truncated') ? undefined : `another error: ${text.slice(0, 200)}`
  if (got.status !== 200) return `status ${got.status}`
  return errorEvents[client].test(text) ? undefined : `no error event at the end: ${text.slice(-200)}`
}

async function flawsOf(
  recording: Recording,
  client: Client,
  cuts: readonly (readonly [number, How])[],
): Promise<readonly string[]> {
  const flaws: string[] = []
  const left = cuts.values()
  const worker = async (): Promise<void> => {
    for (const [offset, how] of left) {
      const mark = replayed.arm(cut(recording, offset, how))
      const flaw = flawOf(await requests[client](recording, mark), client)
      if (flaw !== undefined) flaws.push(`${how} at ${offset}: ${flaw}`)
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, worker))
  return flaws
}

const streams = (recordings: readonly Recording[]): readonly Recording[] =>
  recordings.filter(({ stream }) => stream).toSorted((one, other) => one.bytes.length - other.bytes.length)

function cases(recordings: readonly Recording[], clients: readonly Client[], count: number) {
  const chosen = isLong ? recordings : recordings.slice(0, count)
  return chosen.flatMap((recording) => clients.map((client) => [recording.name, client, recording] as const))
}

const isSmall = ({ bytes }: Recording): boolean => bytes.length <= smallBytes
// DeepSeek speaks both dialects, so for a client of either nothing of it is translated from chat.
const chatStreams = streams(openaiChat).filter(({ source }) => source !== 'deepseek-chat')
const messageStreams = streams(anthropicMessages)
const minutes = 60_000

test.each([
  ...cases(chatStreams.filter(isSmall), ['chat', 'messages'], 2),
  ...cases(messageStreams.filter(isSmall), ['chat', 'messages'], 2),
])(
  '%s, cut at every offset, never looks complete to a client of %s',
  async (_, client, recording) => {
    const offsets = Array.from({ length: recording.bytes.length }, (_, offset) => offset)
    const cuts = offsets.map((offset) => [offset, hows[offset % hows.length] ?? 'clean'] as const)
    expect(await flawsOf(recording, client, cuts)).toEqual([])
  },
  10 * minutes,
)

const isLarge = (recording: Recording): boolean => !isSmall(recording)

test.each([
  ...cases(chatStreams.filter(isLarge), ['chat', 'messages'], 20),
  ...cases(messageStreams.filter(isLarge), ['chat', 'messages'], 25),
  ...cases(streams(openaiResponses), ['responses'], 10),
])(
  '%s, cut around its events, never looks complete to a client of %s',
  async (_, client, recording) => {
    const { length } = recording.bytes
    const ends = eventEnds(recording.bytes)
    const step = Math.max(1, Math.floor(ends.length / (isLong ? 60 : 5)))
    const chosen = ends.filter((_, index) => index % step === 0 || index >= ends.length - 2)
    const offsets = chosen.flatMap((end) => [end - 1, end, end + 1]).filter((offset) => offset < length)
    const cuts = offsets.map((offset) => [offset, hows[offset % hows.length] ?? 'clean'] as const)
    expect(await flawsOf(recording, client, cuts)).toEqual([])
  },
  10 * minutes,
)

test('a whole answer that is cut anywhere is an error, never half an answer', async () => {
  const whole = [...openaiChat.slice(0, 40), ...anthropicMessages].filter(
    ({ stream, bytes }) => !stream && bytes.length < smallBytes,
  )
  for (const recording of whole) {
    const isChat = recording.source !== recording.name
    const end = recording.bytes.toString('latin1').trimEnd().length
    for (const offset of [0, 1, Math.floor(end / 3), Math.floor(end / 2), end - 1]) {
      const mark = replayed.arm({
        kind: 'raw',
        status: 200,
        headers: { 'content-type': 'application/json' },
        chunks: [recording.bytes.subarray(0, offset)],
      })
      const path = isChat ? '/v1/chat/completions' : '/v1/messages'
      const request = isChat ? openAiRequest : anthropicRequest
      const got = await post(replayed.service, path, request(ownModel(recording, mark), mark, false))
      expect(got.status).toBe(502)
      expect(JSON.parse(got.body.toString('utf8')).error.message).not.toBe('')
    }
  }
})

test('the check itself notices a stream that is whole', async () => {
  for (const recording of [chatStreams[0], messageStreams[0]]) {
    if (recording === undefined) throw new Error('no stream')
    const flaws = await flawsOf(recording, 'chat', [[recording.bytes.length, 'clean']])
    expect(flaws).toEqual(['clean at '.concat(String(recording.bytes.length), ': looks complete')])
  }
})
