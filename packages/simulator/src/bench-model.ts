// The model `bench/tokens=200,size=32,interval=0`: answers that cost the simulator next to nothing, for measuring others.
import type { ServerResponse } from 'node:http'
import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts'
import type { AnswerPlan } from './answer-plan.ts'
import type { ChatDialect } from './dialect.ts'
import { openaiChat } from './openai-chat/openai-chat.ts'
import type { EndpointName } from './routes.ts'
import { EVENT_STREAM } from './send-reply.ts'

const DIALECTS: { readonly [name in EndpointName]?: ChatDialect } = { chat: openaiChat, messages: anthropicMessages }
const MAX_CACHED = 64
const MAX_STRING_BYTES = 16 * 1024
const MAX_TEXT_BYTES = 64 * 1024 * 1024

/** What one kind of bench answer sends, made once. */
export interface BenchAnswer {
  readonly stream: boolean
  readonly headers: Readonly<Record<string, string>>
  /** A stream's events, each already an HTTP chunk; a whole answer is one piece without framing. */
  readonly pieces: readonly Buffer[]
  /** All of it; as a string each character is a byte. */
  readonly joined: Buffer | string
  readonly intervalMs: number
  readonly delayMs: number
}

export type BenchBook = (name: EndpointName, body: Buffer) => BenchAnswer | undefined

/** Finds model and stream flag by scanning: a body of 1 MB is never decoded nor parsed. */
export function createBenchBook(created: number): BenchBook {
  const made = new Map<string, BenchAnswer>()
  return (name, body) => {
    const dialect = DIALECTS[name]
    const model = dialect === undefined ? undefined : benchModelOf(body)
    if (dialect === undefined || model === undefined) return undefined
    const stream = isTrueAt(body, '"stream"')
    const streamsUsage = name === 'messages' || (stream && isTrueAt(body, '"include_usage"'))
    const key = `${name} ${stream} ${streamsUsage} ${model}`
    const known = made.get(key)
    if (known !== undefined) return known
    const answer = makeAnswer(dialect, model, stream, streamsUsage, created)
    if (made.size >= MAX_CACHED) made.clear()
    made.set(key, answer)
    return answer
  }
}

/** Sends at the interval; timers end with the connection. */
export function sendBench(response: ServerResponse, answer: BenchAnswer): void {
  if (answer.delayMs === 0) return start(response, answer)
  const timer = setTimeout(() => start(response, answer), answer.delayMs)
  response.once('close', () => clearTimeout(timer))
}

function start(response: ServerResponse, answer: BenchAnswer): void {
  response.writeHead(200, answer.headers)
  if (!answer.stream) {
    response.end(answer.joined, 'latin1')
    return
  }
  const { socket } = response
  response.flushHeaders()
  // The pieces carry their HTTP chunk framing, so they go past the response straight to its socket: a third of the writes.
  if (socket === null) response.destroy()
  else if (answer.intervalMs === 0) {
    socket.write(answer.joined)
    response.end()
  } else pace(response, answer)
}

function pace(response: ServerResponse, { pieces, intervalMs }: BenchAnswer): void {
  let sent = 0
  const timer = setInterval(() => {
    const piece = pieces[sent]
    const { socket } = response
    if (piece === undefined || socket === null) {
      clearInterval(timer)
      response.end()
      return
    }
    // A reader that falls behind gets its next piece when it has caught up.
    if (socket.writableNeedDrain) return
    socket.write(piece)
    sent += 1
  }, intervalMs)
  response.once('close', () => clearInterval(timer))
}

function makeAnswer(
  dialect: ChatDialect,
  model: string,
  stream: boolean,
  streamsUsage: boolean,
  created: number,
): BenchAnswer {
  const size = knob(model, 'size', 32)
  const tokens = Math.min(knob(model, 'tokens', 200), Math.floor(MAX_TEXT_BYTES / Math.max(1, size)))
  const plan = makePlan(model, 'a'.repeat(tokens * size), size, tokens, streamsUsage, created)
  const pieces = stream
    ? dialect.writeEvents(plan).map(frameChunk)
    : [Buffer.from(JSON.stringify(dialect.writeWhole(plan)))]
  const bytes = Buffer.concat(pieces)
  // Node sends a head and a short text in one write, a head and a buffer in two.
  const joined = !stream && bytes.length <= MAX_STRING_BYTES ? bytes.toString('latin1') : bytes
  const requestId = { [dialect.requestIdHeader]: 'req_sim_bench' }
  const headers = stream
    ? { ...EVENT_STREAM, 'transfer-encoding': 'chunked', ...requestId }
    : { 'content-type': 'application/json', 'content-length': String(bytes.length), ...requestId }
  return { stream, headers, pieces, joined, intervalMs: knob(model, 'interval', 0), delayMs: knob(model, 'delay', 0) }
}

function makePlan(
  model: string,
  text: string,
  chunkSize: number,
  tokens: number,
  streamsUsage: boolean,
  created: number,
): AnswerPlan {
  return {
    serial: 'bench',
    created,
    model,
    reasoning: undefined,
    redactedReasoning: undefined,
    text,
    refusal: undefined,
    toolCalls: [],
    stop: 'end',
    stopSequence: undefined,
    usage: {
      inputTokens: 1,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      cacheWriteHourTokens: 0,
      outputTokens: tokens,
      reasoningTokens: 0,
    },
    streamsUsage,
    choices: 1,
    chunkSize,
  }
}

function frameChunk(event: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)
}

function knob(model: string, name: string, usual: number): number {
  const found = new RegExp(`[/,]${name}=(\\d{1,9})(?:,|$)`).exec(model)?.[1]
  return found === undefined ? usual : Number(found)
}

const MODEL_KEY = Buffer.from('"model"')
const BENCH = 'bench/'

function benchModelOf(body: Buffer): string | undefined {
  const at = body.indexOf(MODEL_KEY)
  if (at < 0) return undefined
  const start = skipColon(body, at + MODEL_KEY.length)
  if (body[start] !== 0x22 || body.toString('latin1', start + 1, start + 1 + BENCH.length) !== BENCH) return undefined
  const end = body.indexOf(0x22, start + 1)
  return end < 0 ? undefined : body.toString('latin1', start + 1, end)
}

// A quoted key inside a text has a backslash before its closing quote, so it is never found here.
function isTrueAt(body: Buffer, key: string): boolean {
  const at = body.indexOf(key)
  if (at < 0) return false
  const start = skipColon(body, at + key.length)
  return body.toString('latin1', start, start + 4) === 'true'
}

function skipColon(body: Buffer, from: number): number {
  let at = from
  while (body[at] === 0x3a || body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1
  return at
}
