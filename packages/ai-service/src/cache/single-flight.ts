// Of identical requests under way one goes to the provider and the others wait for what it gets.
//
// Nobody waits for ever: every wait has a deadline and an AbortSignal. A leader that fails or leaves hands over to one of
// those who wait, so that a provider in trouble is not asked by all of them at once.

/** What a wait comes to. */
export type Waited<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  /** The leader is gone: the one who waited goes in its place. */
  | { readonly kind: 'lead'; readonly lead: Lead<Value> }
  /** There is nothing to wait for: the answer cannot be shared, or it took too long. Each goes for itself. */
  | { readonly kind: 'alone' }
  /** The one who waited has left. */
  | { readonly kind: 'left' }

/** The duty to say how it went. The first word counts. */
export interface Lead<Value> {
  /** Everybody gets the value; who comes before `until` has passed gets it too. */
  give(value: Value, until?: Promise<unknown>): void
  /** The answer is not one to share: everybody goes alone. */
  release(): void
  /** There is no answer: one of those who wait leads. */
  handOver(): void
}

export type Joined<Value> =
  | { readonly kind: 'leader'; readonly lead: Lead<Value> }
  | { readonly kind: 'waiter'; wait(signal: AbortSignal, maxMs: number): Promise<Waited<Value>> }

type Waiter<Value> = (waited: Waited<Value>) => void

interface Flight<Value> {
  readonly waiters: Set<Waiter<Value>>
  /** Set once it was given, while the store still takes it in. */
  given: { readonly value: Value } | undefined
}

export class SingleFlight<Value> {
  readonly #flights = new Map<string, Flight<Value>>()

  /** Keys under way. */
  get size(): number {
    return this.#flights.size
  }

  join(key: string): Joined<Value> {
    const flight = this.#flights.get(key)
    if (flight) return { kind: 'waiter', wait: (signal, maxMs) => wait(flight, signal, maxMs) }
    const fresh: Flight<Value> = { waiters: new Set(), given: undefined }
    this.#flights.set(key, fresh)
    return { kind: 'leader', lead: this.#leadOf(key, fresh) }
  }

  #leadOf(key: string, flight: Flight<Value>): Lead<Value> {
    let isOver = false
    const once = (act: () => void) => (): void => {
      if (isOver) return
      isOver = true
      act()
    }
    const end = (): void => void this.#flights.delete(key)
    return {
      give: (value, until) =>
        once(() => {
          flight.given = { value }
          tellAll(flight, { kind: 'value', value })
          if (until) void until.then(end, end)
          else end()
        })(),
      release: once(() => {
        end()
        tellAll(flight, { kind: 'alone' })
      }),
      handOver: once(() => {
        const [next] = flight.waiters
        if (next) next({ kind: 'lead', lead: this.#leadOf(key, flight) })
        else end()
      }),
    }
  }
}

function tellAll<Value>({ waiters }: Flight<Value>, waited: Waited<Value>): void {
  // Each takes itself out of the set, which the walk over it allows.
  for (const waiter of waiters) waiter(waited)
}

function wait<Value>(flight: Flight<Value>, signal: AbortSignal, maxMs: number): Promise<Waited<Value>> {
  if (flight.given) return Promise.resolve({ kind: 'value', value: flight.given.value })
  if (signal.aborted) return Promise.resolve({ kind: 'left' })
  return new Promise((resolve) => {
    const settle = (waited: Waited<Value>): void => {
      flight.waiters.delete(settle)
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(waited)
    }
    const onAbort = (): void => settle({ kind: 'left' })
    const timer = setTimeout(() => settle({ kind: 'alone' }), maxMs)
    signal.addEventListener('abort', onAbort)
    flight.waiters.add(settle)
  })
}
