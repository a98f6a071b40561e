// Gives the memory of a large request body back at once, without waiting for a collection.
//
// A socket reads into a fresh buffer each time, 64 KB of it. V8 counts such memory, and begins a full collection of
// everything for each 64 MB that came, which is each 64 bodies of a megabyte: measured, two fifths of the CPU that such
// bodies cost here.
import type { Pieces } from 'ai-lib/internal/bytes/pieces'

/** Smaller buffers may be slices of a pool, and are not worth the call. */
const leastBytes = 32 * 1024

/**
 * For a body that nobody reads any more, here or in the system on its way out. Pieces that share their memory with
 * anything else stay as they are.
 */
export function freeBody(pieces: Pieces): void {
  for (const { buffer, byteLength } of pieces) {
    if (byteLength < leastBytes || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) continue
    buffer.transfer(0)
  }
}
