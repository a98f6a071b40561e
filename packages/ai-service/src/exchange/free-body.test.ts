// What is given back is a large buffer that nobody shares, and nothing else.
import { expect, it } from 'vitest'
import { freeBody } from './free-body.ts'

it('gives back large buffers that are a piece alone, and no slice of anything', () => {
  const alone = Buffer.from(new ArrayBuffer(64 * 1024))
  const small = Buffer.from(new ArrayBuffer(1024))
  const shared = Buffer.from(new ArrayBuffer(128 * 1024))
  const slice = shared.subarray(0, 64 * 1024)
  freeBody([alone, small, slice])
  expect([alone.length, small.length, slice.length, shared.length]).toEqual([0, 1024, 64 * 1024, 128 * 1024])
})
