// An answer as it lies in a store: what the client got, where it came from, and the key that it belongs to.
import {
  isArray,
  isObject,
  objectAt,
  stringAt,
  tryParseJson,
  type JsonObject,
  type JsonValue,
} from 'ai-lib/internal/bytes/json-value'
import type { Loss } from 'ai-lib/internal/chat/losses'
import type { Usage } from 'ai-lib/internal/chat/usage'
import type { LaneName } from 'ai-lib/internal/lanes/prepare-request'
import type { KeptAnswer } from 'ai-lib/internal/lanes/replay-answer'
import type { AnsweredBy } from '../exchange/answer.ts'
import type { ValueCodec } from '../stores/cache-store.ts'

export interface CachedAnswer extends KeptAnswer {
  readonly from: AnsweredBy
}

/** Bytes besides the answer that its memory may hold: the head of the response that it came with. */
const slackBytes = 2_048
/** What the facts of an answer cost, more or less. */
const factBytes = 400

/** The bytes in memory that holds little else: a slice of a pool would keep all of it as long as the answer. */
export function ownBytes(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength <= 2 * bytes.length + slackBytes) return bytes
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}

export function memoryBytesOf({ bytes, from }: CachedAnswer): number {
  return bytes.buffer.byteLength + factBytes * (1 + from.losses.length)
}

/** Stands before every entry: what another version wrote is nobody's. */
const magic = 'aic1'
const lengthBytes = 4

/** The bytes for a store. The key lies inside, so that a store that mixes entries up is found out. */
export function encodeAnswer(key: string, answer: CachedAnswer): Buffer {
  const { bytes, ...facts } = answer
  const meta = Buffer.from(JSON.stringify({ key, length: bytes.length, ...facts }))
  const metaStart = magic.length + lengthBytes
  const entry = Buffer.allocUnsafe(metaStart + meta.length + bytes.length)
  entry.write(magic, 'latin1')
  entry.writeUInt32BE(meta.length, magic.length)
  entry.set(meta, metaStart)
  entry.set(bytes, metaStart + meta.length)
  return entry
}

/** The answer under a key; undefined for bytes that are cut, foreign, or belong to another key. */
export function decodeAnswer(key: string, value: Uint8Array): CachedAnswer | undefined {
  const entry = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const metaStart = magic.length + lengthBytes
  if (entry.length < metaStart || entry.toString('latin1', 0, magic.length) !== magic) return undefined
  const metaEnd = metaStart + entry.readUInt32BE(magic.length)
  const meta = metaEnd <= entry.length ? tryParseJson(entry.toString('utf8', metaStart, metaEnd)) : undefined
  if (!isObject(meta) || meta['key'] !== key || meta['length'] !== entry.length - metaEnd) return undefined
  return answerOf(meta, entry.subarray(metaEnd))
}

export const answerCodec: ValueCodec<CachedAnswer> = { encode: encodeAnswer, decode: decodeAnswer }

function answerOf(meta: JsonObject, bytes: Buffer): CachedAnswer | undefined {
  const { form, tellsUsage } = meta
  const from = originOf(objectAt(meta, 'from'))
  if ((form !== 'whole' && form !== 'stream') || typeof tellsUsage !== 'boolean' || from === undefined) return undefined
  return { form, tellsUsage, bytes, usage: usageOf(objectAt(meta, 'usage')), from }
}

function originOf(from: JsonObject | undefined): AnsweredBy | undefined {
  if (from === undefined) return undefined
  const [provider, endpoint, model] = [stringAt(from, 'provider'), stringAt(from, 'endpoint'), stringAt(from, 'model')]
  const { lane, losses } = from
  if (provider === undefined || endpoint === undefined || model === undefined || !isLane(lane)) return undefined
  return { provider, endpoint, model, lane, losses: isArray(losses) ? losses.flatMap(lossesOf) : [] }
}

function isLane(value: unknown): value is LaneName {
  return value === 'pass' || value === 'splice' || value === 'translate'
}

function lossesOf(value: JsonValue): readonly Loss[] {
  if (!isObject(value)) return []
  const { kind, path, reason } = value
  const isKind = kind === 'dropped' || kind === 'changed' || kind === 'added'
  return isKind && typeof path === 'string' && typeof reason === 'string' ? [{ kind, path, reason }] : []
}

function usageOf(usage: JsonObject | undefined): Usage | undefined {
  return isUsage(usage) ? usage : undefined
}

const classes = [
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'audioInputTokens',
  'outputTokens',
  'reasoningTokens',
  'audioOutputTokens',
]

function isUsage(value: unknown): value is Usage {
  return isObject(value) && classes.every((name) => typeof value[name] === 'number')
}
