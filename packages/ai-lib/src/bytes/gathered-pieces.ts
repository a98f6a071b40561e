// A body's pieces as they come, in memory that its bytes account for: a piece of one byte costs two hundred.

/** Pieces below this size are joined, so many at a time. */
const leastPieceBytes = 8 * 1024
const joinedAtOnce = 256

export class GatheredPieces {
  readonly #pieces: Buffer[] = []
  /** How many of the last ones are small and not joined yet. */
  #loose = 0
  #bytes = 0

  /** In the order they came. */
  get pieces(): readonly Buffer[] {
    return this.#pieces
  }

  get bytes(): number {
    return this.#bytes
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    if (piece.length >= leastPieceBytes) this.#loose = 0
    else if (++this.#loose === joinedAtOnce) this.#join()
  }

  #join(): void {
    this.#pieces.push(Buffer.concat(this.#pieces.splice(-this.#loose)))
    this.#loose = 0
  }
}
