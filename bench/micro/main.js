// Small benches of the hot path: what one frame costs on each lane, and what looking into a 1 MB body costs.
import { SseDecoder } from 'ai-lib/internal/bytes/sse-decoder'
import { scanJson } from 'ai-lib/internal/bytes/json-scan'
import { holdText } from 'ai-lib/internal/bytes/text-memory'
import { anthropicMessages } from 'ai-lib/internal/dialects/anthropic-messages/anthropic-messages'
import { openaiChat } from 'ai-lib/internal/dialects/openai-chat/openai-chat'
import { createPassLane } from 'ai-lib/internal/lanes/pass'
import { createTranslateLane } from 'ai-lib/internal/lanes/translate'
import { conversationBody, imageBody, smallBody } from '../side-by-side/bodies.js'
import { auditBenches } from './audit.js'
import { cacheBenches } from './cache.js'
import { keyBenches } from './keys.js'
import { traceBenches } from './traces.js'
import { microsPer } from './timing.js'

const frameCount = 200
const chunk = (delta, finish = null) =>
  Buffer.from(
    `data: ${JSON.stringify({
      id: 'chatcmpl-bench',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'bench',
      system_fingerprint: 'fp_bench',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      usage: null,
    })}\n\n`,
  )
// One frame a chunk, as a provider that flushes each token sends them.
const stream = [
  chunk({ role: 'assistant', content: '' }),
  ...Array.from({ length: frameCount - 3 }, (_, index) => chunk({ content: ` token ${index} of the answer` })),
  chunk({}, 'stop'),
  Buffer.from('data: [DONE]\n\n'),
]
const burst = [Buffer.concat(stream)]

const wanted = new Set(['model', 'stream', 'stream_options'])
const image = Buffer.from(imageBody('bench/model'))
const conversation = Buffer.from(conversationBody('bench/model'))
const small = Buffer.from(smallBody('bench/model'))
// As a body comes from its socket.
const pieces = Array.from({ length: Math.ceil(conversation.length / 65_536) }, (_, index) =>
  conversation.subarray(index * 65_536, (index + 1) * 65_536),
)

const openaiOptions = { streamUsage: false, createdSeconds: 1_700_000_000 }
const lanes = {
  pass: () => createPassLane(openaiChat, true),
  toAnthropic: () => createTranslateLane(openaiChat.createReader(), anthropicMessages.createWriter(openaiOptions)),
}

const benches = [
  ['SSE decode, a frame a chunk', 'frame', () => microsPer(frameCount, () => decode(stream))],
  ['SSE decode, all frames in one chunk', 'frame', () => microsPer(frameCount, () => decode(burst))],
  ['pass lane: decode and tap, a frame a chunk', 'frame', () => microsPer(frameCount, () => carry(lanes.pass, stream))],
  ['pass lane: all frames in one chunk', 'frame', () => microsPer(frameCount, () => carry(lanes.pass, burst))],
  [
    'translate: chat to messages, a frame a chunk',
    'frame',
    () => microsPer(frameCount, () => carry(lanes.toAnthropic, stream)),
  ],
  ['scan small body', 'body', () => microsPer(1, () => scanJson(small, undefined, wanted))],
  ['JSON.parse small body', 'body', () => microsPer(1, () => JSON.parse(small.toString('utf8')))],
  ['scan 1 MB image', 'body', () => microsPer(1, () => scanJson(image, undefined, wanted))],
  ['JSON.parse 1 MB image', 'body', () => microsPer(1, () => JSON.parse(image.toString('utf8')))],
  ['scan 1 MB conversation', 'body', () => microsPer(1, () => scanJson(conversation, undefined, wanted))],
  ['scan 1 MB conversation, held', 'body', () => microsPer(1, () => scanJson(holdText(pieces), undefined, wanted))],
  ['JSON.parse 1 MB conversation', 'body', () => microsPer(1, () => JSON.parse(conversation.toString('utf8')))],
  ...cacheBenches,
  ...auditBenches,
  ...keyBenches,
  ...traceBenches,
]

for (const [name, unit, measure] of benches)
  process.stdout.write(`${name.padEnd(48)}${Number(measure()).toFixed(2).padStart(10)} µs/${String(unit)}\n`)

function decode(chunks) {
  const decoder = new SseDecoder()
  let events = 0
  for (const bytes of chunks)
    decoder.push(bytes, () => {
      events += 1
    })
  if (events !== frameCount) throw new Error(`${events} events instead of ${frameCount}`)
}

function carry(open, chunks) {
  const lane = open()
  for (const bytes of chunks) {
    lane.push(bytes)
    lane.take()
  }
  lane.end()
  if (lane.state !== 'ended') throw new Error(`The stream is ${lane.state}.`)
}
