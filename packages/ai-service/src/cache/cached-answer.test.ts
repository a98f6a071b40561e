// What was stored comes back as it was, and nothing else does.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noUsage } from 'ai-lib/internal/chat/usage'
import { type CachedAnswer, decodeAnswer, encodeAnswer, memoryBytesOf, ownBytes } from './cached-answer.ts'

const answer: CachedAnswer = {
  form: 'stream',
  tellsUsage: false,
  bytes: Buffer.from('data: é\n\n'),
  usage: { ...noUsage, outputTokens: 3 },
  from: {
    provider: 'openai',
    endpoint: 'fast/openai-1',
    model: 'gpt',
    lane: 'splice',
    losses: [{ kind: 'dropped', path: 'messages.0.name', reason: 'No place.' }],
  },
}

it('comes back as it was', () => {
  expect(decodeAnswer('k', encodeAnswer('k', answer))).toEqual(answer)
  const plain = { ...answer, form: 'whole', usage: undefined, bytes: Buffer.alloc(0) } as const
  expect(decodeAnswer('k', encodeAnswer('k', plain))).toEqual(plain)
})

describe('is nobody’s', () => {
  it('T10 where it lies under another key', () => {
    expect(decodeAnswer('k2', encodeAnswer('k1', answer))).toBeUndefined()
  })

  it('where it is cut anywhere, or has grown', () => {
    const entry = encodeAnswer('k', answer)
    for (let end = 0; end < entry.length; end++) expect(decodeAnswer('k', entry.subarray(0, end))).toBeUndefined()
    expect(decodeAnswer('k', Buffer.concat([entry, Buffer.from('x')]))).toBeUndefined()
  })

  it('where it is something else', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeAnswer('k', bytes) === undefined))
    const hostile = Buffer.concat([Buffer.from('aic1'), Buffer.from([0xff, 0xff, 0xff, 0xff])])
    expect(decodeAnswer('k', hostile)).toBeUndefined()
  })
})

it('keeps no memory alive that is much larger than itself, and copies nothing that is not', () => {
  const slab = Buffer.alloc(64 * 1024)
  const slice = slab.subarray(100, 200)
  expect(ownBytes(slice).buffer.byteLength).toBe(100)
  expect(ownBytes(slice).equals(slice)).toBe(true)
  const alone = Buffer.alloc(500)
  expect(ownBytes(alone)).toBe(alone)
  expect(memoryBytesOf({ ...answer, bytes: alone })).toBeGreaterThanOrEqual(500)
})
