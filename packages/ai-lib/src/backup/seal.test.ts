// Sealing: the same comes out at every size, and nothing that was altered, moved, cut or swapped ever opens.
import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { gather, once } from './digest.ts'
import { blockBytes, seal, SealBroken, type SealPlace, sealedLength, unseal } from './seal.ts'

const place: SealPlace = { key: createSecretKey(randomBytes(32)), generation: 42, index: 1, name: 'audit.db' }
const all = async (content: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.from(await gather(content, 1e9))
const sealed = (plain: Uint8Array, at = place): Promise<Buffer> => all(seal(once(plain), at))
const opened = (bytes: Uint8Array, at = place): Promise<Buffer> => all(unseal(once(bytes), at))
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

describe('a sealed stream', () => {
  it.each([0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 2 * blockBytes, 2 * blockBytes + 17])(
    'opens as it was, %s bytes',
    async (size) => {
      const plain = randomBytes(size)
      const bytes = await sealed(plain)
      expect(bytes).toHaveLength(sealedLength(size))
      expect((await opened(bytes)).equals(plain)).toBe(true)
      for (const piece of [1_000, 65_537]) {
        const again = await all(unseal(inPieces(await all(seal(inPieces(plain, piece), place)), piece), place))
        expect(again.equals(plain)).toBe(true)
      }
    },
  )

  it('does not hold its content, or the same blocks twice', async () => {
    const plain = Buffer.alloc(2 * blockBytes, 'canary')
    const bytes = await sealed(plain)
    expect(bytes.includes('canary')).toBe(false)
    expect(bytes.subarray(0, blockBytes).equals(bytes.subarray(blockBytes + 16, 2 * blockBytes + 16))).toBe(false)
  })

  it('opens nowhere else: another generation, part, name or key', async () => {
    const bytes = await sealed(randomBytes(100))
    for (const other of [
      { ...place, generation: 41 },
      { ...place, index: 2 },
      { ...place, name: 'other.db' },
      { ...place, key: createSecretKey(randomBytes(32)) },
    ])
      await expect(opened(bytes, other)).rejects.toThrow(SealBroken)
  })

  it('T37 one flipped bit anywhere is noticed, and the block is named', async () => {
    const bytes = await sealed(randomBytes(2 * blockBytes + 100))
    const [block] = [blockBytes + 16]
    for (const [at, named] of [
      [0, 'block 1 '],
      [block - 1, 'block 1 '],
      [block, 'block 2 '],
      [2 * block + 5, 'block 3, the last,'],
      [bytes.length - 1, 'block 3, the last,'],
    ] as const) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      await expect(opened(altered)).rejects.toThrow(named)
    }
  })

  it('F48 cut at any border, or anywhere, it does not open', async () => {
    const bytes = await sealed(randomBytes(2 * blockBytes + 100))
    const block = blockBytes + 16
    for (const length of [0, 1, 15, 16, block - 1, block, block + 1, 2 * block, 2 * block + 16, bytes.length - 1])
      await expect(opened(bytes.subarray(0, length)), `${length} bytes`).rejects.toThrow(SealBroken)
    await expect(opened(Buffer.concat([bytes, Buffer.alloc(1)]))).rejects.toThrow(SealBroken)
  })

  it('blocks in another order, repeated or left out, do not open', async () => {
    const bytes = await sealed(randomBytes(4 * blockBytes))
    const at = (number: number): Buffer => bytes.subarray(number * (blockBytes + 16), (number + 1) * (blockBytes + 16))
    for (const order of [
      [1, 0, 2, 3],
      [0, 0, 2, 3],
      [0, 2, 3],
      [0, 1, 2, 2],
      [0, 1, 3, 2],
    ])
      await expect(opened(Buffer.concat(order.map(at)))).rejects.toThrow(SealBroken)
  })
})
