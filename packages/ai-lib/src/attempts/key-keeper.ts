// Keeps one key's value fresh: reads its source at intervals and when told, and says when the last good value is too old.
import { Secret } from '../errors/secret.ts'
import type { SecretSource } from './secret-source.ts'

export interface KeeperParts {
  readonly source: SecretSource
  /** True where a value is in use already: then the first read waits for its turn. */
  readonly isLoaded: boolean
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  onValue(secret: Secret): void
  /** `why` holds no secret as long as the source's own words hold none. */
  onFailure(why: string, inARow: number): void
  onExpired(): void
}

const defaultRefreshMs = 60_000
const defaultMaxAgeMs = 24 * 3_600_000
const readTimeoutMs = 10_000
const firstRetryMs = 1_000
const longestTimerMs = 2 ** 31 - 1

export class KeyKeeper {
  readonly #parts: KeeperParts
  readonly #unwatch: (() => void) | undefined
  #reading: Promise<void> | undefined
  #isAskedAgain = false
  #isClosed = false
  #failures = 0
  #isExpired = false
  #lastGoodMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(parts: KeeperParts) {
    this.#parts = parts
    this.#lastGoodMs = parts.nowMs()
    if (parts.isLoaded) this.#schedule()
    else void this.read()
    this.#unwatch = parts.source.watch?.(() => void this.read())
  }

  /** The read that is under way. */
  get reading(): Promise<void> | undefined {
    return this.#reading
  }

  /** Reads now. One asked for while another is under way follows it, which may have seen the old value. Never rejects. */
  read(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    if (this.#reading) this.#isAskedAgain = true
    this.#reading ??= this.#readUntilQuiet()
    return this.#reading
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#unwatch?.()
  }

  async #readUntilQuiet(): Promise<void> {
    clearTimeout(this.#timer)
    do {
      this.#isAskedAgain = false
      await this.#readOnce()
    } while (this.#isAskedAgain && !this.#isClosed)
    this.#reading = undefined
    this.#schedule()
  }

  async #readOnce(): Promise<void> {
    const { onValue, onFailure } = this.#parts
    const result = await readSource(this.#parts.source)
    if (this.#isClosed) return
    if (result.kind === 'secret') {
      this.#failures = 0
      this.#isExpired = false
      this.#lastGoodMs = this.#parts.nowMs()
      return onValue(result.secret)
    }
    this.#failures++
    onFailure(result.why, this.#failures)
    this.#judgeAge()
  }

  #judgeAge(): void {
    const { source, nowMs, onExpired } = this.#parts
    const maxAgeMs = source.maxAgeMs ?? defaultMaxAgeMs
    if (maxAgeMs === 0 || this.#isExpired || nowMs() - this.#lastGoodMs < maxAgeMs) return
    this.#isExpired = true
    onExpired()
  }

  // A source that fails is asked again soon, and then less and less often, until it is back at its own pace.
  #schedule(): void {
    if (this.#isClosed) return
    const { refreshMs = defaultRefreshMs } = this.#parts.source
    const retryMs = firstRetryMs * 2 ** Math.min(this.#failures - 1, 6)
    const dueMs = this.#failures === 0 ? refreshMs : Math.min(refreshMs || defaultRefreshMs, retryMs)
    if (dueMs === 0) return
    this.#timer = setTimeout(() => void this.read(), Math.min(dueMs, longestTimerMs))
    this.#timer.unref()
  }
}

type ReadResult =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | { readonly kind: 'failed'; readonly why: string }

async function readSource(source: SecretSource): Promise<ReadResult> {
  const limit = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve('')
      limit.abort()
    }, readTimeoutMs)
    timer.unref()
  })
  try {
    const value = await Promise.race([source.read(limit.signal), late])
    if (limit.signal.aborted) return { kind: 'failed', why: `was not read within ${readTimeoutMs / 1_000} s` }
    const secret = typeof value === 'string' ? new Secret(value) : value
    return judge(secret)
  } catch (thrown) {
    return { kind: 'failed', why: thrown instanceof Error ? thrown.message : 'could not be read' }
  } finally {
    clearTimeout(timer)
  }
}

// What no header can carry must not take the place of a value that works.
function judge(secret: Secret): ReadResult {
  const value = secret.reveal()
  if (value.trim() === '') return { kind: 'failed', why: 'is empty' }
  if (!/^[\x21-\x7e]+$/.test(value)) return { kind: 'failed', why: 'holds a blank, line break or non-ASCII character' }
  return { kind: 'secret', secret }
}
