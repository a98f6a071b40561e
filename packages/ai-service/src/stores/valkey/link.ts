// One connection to a Valkey or Redis server that never holds a request up: a deadline for each command, and a breaker.
//
// A command that is late, or a connection that breaks, takes the link away at once: its socket is destroyed, so that a
// late reply can never be taken for the answer to another command, and from then on commands fail without being sent. The
// link comes back by itself: it dials in the background, with growing pauses, and is there again once a PING was answered.
import type { Secret } from 'ai-lib/internal/errors/secret'

export interface LinkParts {
  /** `redis://user:password@host:port/db`, `rediss://` for TLS. */
  readonly url: Secret
  /** Told at each change, not at each failure. `why` holds no password. */
  readonly onState: (state: 'ready' | 'away', why: string) => void
  readonly bounds?: Partial<LinkBounds>
}

/** Milliseconds. */
export interface LinkBounds {
  /** For a connection to stand. */
  readonly connectMs: number
  /** For the reply to PING. */
  readonly pingMs: number
  /** Until the next attempt; doubled after each one that fails. */
  readonly retryMs: number
  readonly maxRetryMs: number
}

const defaults: LinkBounds = { connectMs: 1_000, pingMs: 250, retryMs: 500, maxRetryMs: 10_000 }

export type Reply<Value> = { readonly kind: 'reply'; readonly value: Value } | { readonly kind: 'failed' }

const failed = { kind: 'failed' } as const

type Valkey = typeof import('@redis/client')
type Client = ReturnType<typeof createClient>

type State =
  | { readonly kind: 'ready'; readonly client: Client }
  | { readonly kind: 'connecting'; readonly client: Client }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' }

/** Loads the client, and dials without waiting for it: a server that is not there yet holds nothing up. */
export async function openLink(parts: LinkParts): Promise<ValkeyLink> {
  const link = new ValkeyLink(await import('@redis/client'), parts)
  link.open()
  return link
}

export class ValkeyLink {
  readonly #valkey: Valkey
  readonly #parts: LinkParts
  readonly #bounds: LinkBounds
  #state: State = { kind: 'closed' }
  #retryMs: number
  #told: 'ready' | 'away' | undefined

  constructor(valkey: Valkey, parts: LinkParts) {
    this.#valkey = valkey
    this.#parts = parts
    this.#bounds = { ...defaults, ...parts.bounds }
    this.#retryMs = this.#bounds.retryMs
  }

  open(): void {
    if (this.#state.kind === 'closed') void this.#connect()
  }

  /** Sends a command; fails at once where the link is away. Never rejects. */
  run<Value>(command: (client: Client) => Promise<Value>, deadlineMs: number): Promise<Reply<Value>> {
    const state = this.#state
    if (state.kind !== 'ready') return Promise.resolve(failed)
    return new Promise((resolve) => {
      const timer = startDeadline(deadlineMs, () => {
        resolve(failed)
        this.#lose(state.client, `no reply within ${deadlineMs} ms`)
      })
      command(state.client).then(
        (value) => {
          timer.clear()
          resolve({ kind: 'reply', value })
        },
        (thrown: unknown) => {
          timer.clear()
          resolve(failed)
          // A server that answers, if only with an error (OOM, READONLY, LOADING), costs no time: it may stay.
          if (!(thrown instanceof this.#valkey.ErrorReply)) this.#lose(state.client, messageOf(thrown))
        },
      )
    })
  }

  /** Lets what was sent come to its end, for at most the deadline of a PING. */
  async close(): Promise<void> {
    const state = this.#state
    this.#state = { kind: 'closed' }
    if (state.kind === 'waiting') clearTimeout(state.timer)
    if (state.kind === 'connecting') destroy(state.client)
    if (state.kind !== 'ready') return
    await within(state.client.close(), this.#bounds.pingMs).catch(() => {
      // Whatever it was, the connection is given up now.
    })
    destroy(state.client)
  }

  async #connect(): Promise<void> {
    const client = createClient(this.#valkey, this.#parts.url, this.#bounds.connectMs)
    this.#state = { kind: 'connecting', client }
    client.on('error', (thrown: unknown) => this.#lose(client, messageOf(thrown)))
    try {
      // Twice the time: for the socket, and for AUTH and SELECT on it.
      await within(client.connect(), 2 * this.#bounds.connectMs)
      // A stopped process still has a kernel that accepts connections.
      await within(client.ping(), this.#bounds.pingMs)
    } catch (thrown) {
      return this.#lose(client, messageOf(thrown))
    }
    if (this.#state.kind !== 'connecting' || this.#state.client !== client) return destroy(client)
    this.#state = { kind: 'ready', client }
    this.#retryMs = this.#bounds.retryMs
    this.#tell('ready', '')
  }

  #lose(client: Client, why: string): void {
    const state = this.#state
    if ((state.kind !== 'ready' && state.kind !== 'connecting') || state.client !== client) return
    const timer = setTimeout(() => void this.#connect(), this.#retryMs)
    timer.unref()
    this.#state = { kind: 'waiting', timer }
    this.#retryMs = Math.min(2 * this.#retryMs, this.#bounds.maxRetryMs)
    destroy(client)
    this.#tell('away', why)
  }

  #tell(state: 'ready' | 'away', why: string): void {
    if (this.#told === state) return
    this.#told = state
    this.#parts.onState(state, why)
  }
}

function createClient({ createClient: create, RESP_TYPES }: Valkey, url: Secret, connectTimeout: number) {
  return create({
    url: url.reveal(),
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // The link reconnects by itself, with a new client: nothing of an old one is left over.
    socket: { connectTimeout, reconnectStrategy: false },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
}

function destroy(client: Client): void {
  try {
    client.destroy()
  } catch {
    // It says so where it was closed already, which is what is wanted.
  }
}

/**
 * A deadline that looks once more: where our own loop was held up, the reply may lie in the socket unread. It is read
 * before `setImmediate` calls back.
 */
function startDeadline(ms: number, onLate: () => void): { clear(): void } {
  let isDue = true
  const timer = setTimeout(() => setImmediate(() => isDue && onLate()), ms)
  return {
    clear() {
      isDue = false
      clearTimeout(timer)
    },
  }
}

function within<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const deadline = startDeadline(ms, () => reject(new Error(`no reply within ${ms} ms`)))
    promise.then(resolve, reject).finally(() => deadline.clear())
  })
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'it failed'
  // Dialling several addresses gives an error without words of its own.
  const inner: unknown = thrown instanceof AggregateError ? thrown.errors[0] : undefined
  return thrown.message || (inner instanceof Error ? inner.message : thrown.name)
}
