// What the response cache costs: a key, a hit in memory, an answer that is judged and kept. As a request meets them.
import { operations } from 'ai-lib/internal/dialects/registry'
import { isCompleteAnswer } from 'ai-lib/internal/lanes/complete-answer'
import { replayAnswer } from 'ai-lib/internal/lanes/replay-answer'
import { cacheKeyOf } from '../../packages/ai-service/dist/cache/cache-key.js'
import { memoryBytesOf, ownBytes } from '../../packages/ai-service/dist/cache/cached-answer.js'
import { createMemoryCache } from '../../packages/ai-service/dist/stores/memory/cache-store.js'
import { conversationBody, smallBody } from '../side-by-side/bodies.js'
import { microsPer } from './timing.js'

const rules = { scope: 'team', routes: 'f'.repeat(43), maxRequestBytes: 4 * 1024 * 1024 }
const head = { forwarded: { 'user-agent': 'bench' }, strictLosses: false }
const exchangeWith = (body) => ({
  asked: { body: [body], head: {} },
  caller: { keyId: 'k1', team: 'search' },
  operation: operations.chat,
  head,
})

const small = exchangeWith(Buffer.from(smallBody('bench/model')))
const conversation = Buffer.from(conversationBody('bench/model'))
// The largest body that the default lets in.
const large = exchangeWith(Buffer.from(cut(JSON.parse(conversation.toString('utf8')))))
const huge = exchangeWith(conversation)

const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(200) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 200, total_tokens: 210 },
  }),
)
const from = { provider: 'bench', endpoint: 'bench', model: 'bench', lane: 'pass', losses: [] }
const kept = { form: 'whole', bytes: answer, tellsUsage: true, usage: undefined, from }
const asWhole = { form: 'whole', tellsUsage: true, createdSeconds: 1 }
const asStream = { form: 'stream', tellsUsage: true, createdSeconds: 1 }

const store = createMemoryCache({ maxBytes: 64 * 1024 * 1024, nowMs: () => performance.now(), sizeOf: memoryBytesOf })
const key = cacheKeyOf(small, rules)
void store.set(key, { ...kept, bytes: ownBytes(answer) }, 3_600_000)

function hit(wanted) {
  const at = cacheKeyOf(small, rules)
  const looked = store.get(at)
  const found = looked.kind === 'found' ? looked.value : undefined
  if (found === undefined || replayAnswer(operations.chat, found, wanted) === undefined) throw new Error('no hit')
}

function miss() {
  if (store.get(`${cacheKeyOf(small, rules)}x`).kind !== 'absent') throw new Error('a hit')
}

function keep() {
  if (!isCompleteAnswer('chat', 'whole', answer)) throw new Error('incomplete')
  void store.set(key, { ...kept, bytes: ownBytes(answer) }, 3_600_000)
}

function cut(request) {
  const messages = []
  let bytes = 0
  for (const message of request.messages) {
    bytes += JSON.stringify(message).length
    if (bytes > 250 * 1024) break
    messages.push(message)
  }
  return JSON.stringify({ ...request, messages })
}

/** Rows of the micro bench: name, unit, measurement. */
export const cacheBenches = [
  [`cache key, body of ${small.asked.body[0].length} B`, 'request', () => microsPer(1, () => cacheKeyOf(small, rules))],
  ['cache look-up that misses (key and map)', 'request', () => microsPer(1, miss)],
  ['cache hit (key, map, bytes)', 'request', () => microsPer(1, () => hit(asWhole))],
  ['cache hit, whole told as a stream', 'request', () => microsPer(1, () => hit(asStream))],
  [`answer of ${answer.length} B judged and kept`, 'request', () => microsPer(1, keep)],
  [
    `cache key, body of ${Math.round(large.asked.body[0].length / 1024)} KiB`,
    'request',
    () => microsPer(1, () => cacheKeyOf(large, rules)),
  ],
  [
    `cache key, body of ${Math.round(conversation.length / 1024)} KiB`,
    'request',
    () => microsPer(1, () => cacheKeyOf(huge, rules)),
  ],
]
