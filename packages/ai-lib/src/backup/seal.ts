// Seals a stream: AES-256-GCM over blocks, each bound to its place, so that none can be altered, moved, dropped or swapped.
//
// What it cannot do: hide how long the content is, or tell an older whole backup from the newest (that is the
// generation's part, see backups.ts).
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

/** Where a stream belongs: a block of one place opens in no other. */
export interface SealPlace {
  /** A key for one generation alone: the counter below repeats under every key. */
  readonly key: KeyObject
  readonly generation: number
  /** 0 is the manifest, parts count from 1. */
  readonly index: number
  readonly name: string
}

/** Small enough that sealing one block is no pause that a request would notice. */
export const blockBytes = 256 * 1024
const tagBytes = 16

/** A block did not open: altered, of another place, or the key is another. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}

/** Bytes of a stream of `plain` bytes once it is sealed. */
export function sealedLength(plain: number): number {
  return plain + tagBytes * Math.max(1, Math.ceil(plain / blockBytes))
}

export async function* seal(content: AsyncIterable<Uint8Array>, place: SealPlace): AsyncGenerator<Uint8Array> {
  let number = 0
  for await (const { bytes, isLast } of inBlocks(content, blockBytes)) {
    const cipher = createCipheriv('aes-256-gcm', place.key, nonceOf(place.index, number))
    cipher.setAAD(boundTo(place, number, isLast))
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    number += 1
  }
}

/** @throws SealBroken at the first block that is not what was sealed there; every block before it was yielded. */
export async function* unseal(sealed: AsyncIterable<Uint8Array>, place: SealPlace): AsyncGenerator<Uint8Array> {
  let number = 0
  for await (const { bytes, isLast } of inBlocks(sealed, blockBytes + tagBytes)) {
    yield openBlock(bytes, place, number, isLast)
    number += 1
  }
}

function openBlock(bytes: Buffer, place: SealPlace, number: number, isLast: boolean): Buffer {
  const at = `block ${number + 1}`
  if (bytes.length < tagBytes) throw new SealBroken(`${at} is cut short`)
  const decipher = createDecipheriv('aes-256-gcm', place.key, nonceOf(place.index, number))
  decipher.setAAD(boundTo(place, number, isLast))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()])
  } catch {
    // Node says "unable to authenticate data": the caller says which data.
    throw new SealBroken(`${at}${isLast ? ', the last,' : ''} does not open: altered, cut off, or of another backup`)
  }
}

function nonceOf(index: number, number: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(index, 0)
  nonce.writeBigUInt64BE(BigInt(number), 4)
  return nonce
}

function boundTo({ generation, index, name }: SealPlace, number: number, isLast: boolean): Buffer {
  return Buffer.from(JSON.stringify(['ai-backup/1', generation, index, name, number, isLast]))
}

/** Blocks of exactly `size`, the last one of what is left; an empty stream is one empty block. */
async function* inBlocks(content: AsyncIterable<Uint8Array>, size: number) {
  // One buffer for all blocks: whoever gets one is done with it before the next is asked for.
  const block = Buffer.allocUnsafe(size)
  let filled = 0
  for await (const piece of content) {
    for (let from = 0; from < piece.length; ) {
      // Full, and there is more: only now it is known that this one is not the last.
      if (filled === size) {
        yield { bytes: block, isLast: false }
        filled = 0
      }
      const take = Math.min(size - filled, piece.length - from)
      block.set(piece.subarray(from, from + take), filled)
      filled += take
      from += take
    }
  }
  yield { bytes: block.subarray(0, filled), isLast: true }
}
