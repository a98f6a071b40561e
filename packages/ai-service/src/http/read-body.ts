// Reads a body whole, within its bound, the shared budget, and a least rate.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { GatheredPieces } from 'ai-lib/internal/bytes/gathered-pieces'
import type { Pieces } from 'ai-lib/internal/bytes/pieces'
import type { ByteBudget, ByteLease } from '../exchange/byte-budget.ts'
import type { BodySink, HttpRequest } from './http-request.ts'

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
  request: HttpRequest,
  declared: string | undefined,
  bounds: BodyBounds,
  budget: ByteBudget,
  signal: AbortSignal,
): Promise<ReadBody> {
  const length = declared === undefined ? undefined : Number(declared)
  if (length !== undefined && length > bounds.maxBytes) throw tooLarge(bounds.maxBytes)
  // Only what has come is held: who announces much and sends little would take everybody else's place.
  const lease = budget.hasRoom(length ?? 0) ? budget.lease(0) : undefined
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

/** Takes one body into memory; settles once, whatever ends it. */
class BodyReader implements BodySink {
  readonly #request: HttpRequest
  readonly #bounds: BodyBounds
  readonly #lease: ByteLease
  readonly #gathered = new GatheredPieces()
  readonly #startedMs = performance.now()
  readonly #settled = Promise.withResolvers<Pieces>()
  // We may end an exchange ourselves while its body is still coming.
  readonly #onAbort = (): void => this.closed()
  // After a blocked loop timers come before sockets: what the client has sent meanwhile is counted first.
  readonly #onTimer = (): void => {
    this.#due = setImmediate(() => this.#look())
  }
  #due: NodeJS.Immediate | undefined
  #signal: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(request: HttpRequest, bounds: BodyBounds, lease: ByteLease) {
    this.#request = request
    this.#bounds = bounds
    this.#lease = lease
  }

  read(signal: AbortSignal): Promise<Pieces> {
    this.#signal = signal
    // Most bodies have come with their head: then there is nothing to wait for, and no timer to arm.
    if (!this.#request.complete) {
      this.#timer = setTimeout(this.#onTimer, this.#bounds.baseMs)
      signal.addEventListener('abort', this.#onAbort)
    }
    this.#request.read(this)
    return this.#settled.promise
  }

  data(chunk: Buffer): void {
    const error = this.#add(chunk)
    if (error) this.#refuse(error)
  }

  end(): void {
    this.#finish()
    this.#settled.resolve(this.#pieces())
  }

  closed(): void {
    this.#refuse(new AiError('caller_left'))
  }

  #look(): void {
    const allowedMs = this.#bounds.baseMs + this.#gathered.bytes / leastBytesPerMs
    const leftMs = allowedMs - (performance.now() - this.#startedMs)
    if (leftMs <= 0) this.#refuse(new AiError('caller_body_timeout'))
    else this.#timer = setTimeout(this.#onTimer, leftMs)
  }

  #refuse(error: AiError): void {
    this.#finish()
    this.#request.stopReading()
    this.#settled.reject(error)
  }

  #finish(): void {
    clearTimeout(this.#timer)
    if (this.#due !== undefined) clearImmediate(this.#due)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  // A dribbled body would otherwise be held as thousands of buffers, each with a head of its own.
  #pieces(): Pieces {
    const { pieces, bytes } = this.#gathered
    const isDribbled = pieces.length > 1 && bytes < pieces.length * leastPieceBytes
    return isDribbled || pieces.length === 0 ? [Buffer.concat(pieces, bytes)] : pieces
  }

  #add(chunk: Buffer): AiError | undefined {
    const bytes = this.#gathered.bytes + chunk.length
    if (bytes > this.#bounds.maxBytes) return tooLarge(this.#bounds.maxBytes)
    if (!this.#lease.grow(bytes)) return new AiError('service_overloaded', { retryAfterMs: 1_000 })
    this.#gathered.add(chunk)
    return undefined
  }
}
