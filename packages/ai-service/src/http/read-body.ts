// Reads a body whole, within its bound, the shared budget, and a least rate.
import type { IncomingMessage } from 'node:http'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Pieces } from 'ai-lib/internal/bytes/pieces'
import type { ByteBudget, ByteLease } from '../exchange/byte-budget.ts'

export interface BodyBounds {
  readonly maxBytes: number
  /** A body has this long, and a second more for each KiB that came: slow uploads live, dribbles do not. */
  readonly baseMs: number
}

export interface ReadBody {
  /** As they came; many small ones are joined. */
  readonly pieces: Pieces
  /** Given back when nobody needs the bytes any more. */
  readonly lease: ByteLease
}

const leastBytesPerMs = 1_024 / 1_000
/** Mean size below which pieces are joined. */
const leastPieceBytes = 8 * 1024

/**
 * @throws AiError `caller_body_too_large`, `service_overloaded`, `caller_body_timeout`, `caller_left`; the rest of the body
 *   is then not read, and the connection must be closed.
 */
export async function readBody(
  request: IncomingMessage,
  declared: string | undefined,
  bounds: BodyBounds,
  budget: ByteBudget,
  signal: AbortSignal,
): Promise<ReadBody> {
  const length = declared === undefined ? undefined : Number(declared)
  if (length !== undefined && length > bounds.maxBytes) throw tooLarge(bounds.maxBytes)
  const lease = budget.lease(length ?? 0)
  if (lease === undefined) throw new AiError('service_overloaded', { retryAfterMs: 1_000 })
  try {
    return { pieces: await new BodyReader(request, bounds, lease).read(signal), lease }
  } catch (thrown) {
    lease.release()
    throw thrown
  }
}

function tooLarge(maxBytes: number): AiError {
  return new AiError('caller_body_too_large', { message: `The bound is ${maxBytes} bytes (server.maxBody).` })
}

class BodyReader {
  readonly #request: IncomingMessage
  readonly #bounds: BodyBounds
  readonly #lease: ByteLease
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(request: IncomingMessage, bounds: BodyBounds, lease: ByteLease) {
    this.#request = request
    this.#bounds = bounds
    this.#lease = lease
  }

  read(signal: AbortSignal): Promise<Pieces> {
    const request = this.#request
    return new Promise((resolve, reject) => {
      const startedMs = performance.now()
      let timer = setTimeout(onTimer, this.#bounds.baseMs)
      const finish = (): void => {
        clearTimeout(timer)
        request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
        signal.removeEventListener('abort', onClose)
      }
      const refuse = (error: AiError): void => {
        finish()
        request.pause()
        reject(error)
      }
      const onData = (chunk: Buffer): void => {
        const error = this.#add(chunk)
        if (error) refuse(error)
      }
      const onEnd = (): void => {
        finish()
        resolve(this.#pieces())
      }
      const onClose = (): void => refuse(new AiError('caller_left'))
      const bounds = this.#bounds
      const received = (): number => this.#bytes
      function onTimer(): void {
        const allowedMs = bounds.baseMs + received() / leastBytesPerMs
        const leftMs = allowedMs - (performance.now() - startedMs)
        if (leftMs <= 0) refuse(new AiError('caller_body_timeout'))
        else timer = setTimeout(onTimer, leftMs)
      }
      request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
      // We may end an exchange ourselves while its body is still coming.
      signal.addEventListener('abort', onClose)
    })
  }

  // A dribbled body would otherwise be held as thousands of buffers, each with a head of its own.
  #pieces(): Pieces {
    const isDribbled = this.#chunks.length > 1 && this.#bytes < this.#chunks.length * leastPieceBytes
    return isDribbled || this.#chunks.length === 0 ? [Buffer.concat(this.#chunks, this.#bytes)] : this.#chunks
  }

  #add(chunk: Buffer): AiError | undefined {
    this.#bytes += chunk.length
    if (this.#bytes > this.#bounds.maxBytes) return tooLarge(this.#bounds.maxBytes)
    if (!this.#lease.grow(this.#bytes)) return new AiError('service_overloaded', { retryAfterMs: 1_000 })
    this.#chunks.push(chunk)
    return undefined
  }
}
