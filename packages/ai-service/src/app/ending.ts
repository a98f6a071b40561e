// When the service ends and with which code: what signals and fatal faults mean while it starts, serves and drains.
import type { Log } from '../telemetry/log.ts'
import type { Drain } from './drain.ts'

/** What the process tells the service. */
export interface ProcessEvents {
  /** `terminate` asks for a drain, a second one for an end at once. */
  on(event: 'terminate' | 'interrupt' | 'reload', listener: () => void): void
  on(event: 'fatal', listener: (thrown: unknown) => void): void
}

/** `at-once`: nobody has to notice first that it leaves. */
export type DrainDelay = 'delayed' | 'at-once'

type State =
  | { readonly kind: 'starting' }
  /** Asked to end before it served. */
  | { readonly kind: 'unwanted'; readonly code: number }
  | { readonly kind: 'serving'; end(code: number, delay: DrainDelay): Drain }
  | { readonly kind: 'draining'; readonly drain: Drain }

/** Signals that come this close together are one: npm, and whoever signals a whole group, sends the same word twice. */
const sameSignalMs = 500
/** Milliseconds that a start may still take that nobody wants any more: a store may be asked that does not answer. */
const unwantedStartMs = 5_000

export class Ending {
  readonly #log: Log
  readonly #givenUp = Promise.withResolvers<number>()
  #state: State = { kind: 'starting' }
  #askedMs = Number.NEGATIVE_INFINITY

  /** Listens from now on: a signal that comes while the service starts must not be lost, and not kill it half open. */
  constructor(events: ProcessEvents, log: Log) {
    this.#log = log
    events.on('terminate', () => this.#asked(0, 'delayed'))
    // Whoever presses Ctrl-C has no load balancer that must notice first.
    events.on('interrupt', () => this.#asked(0, 'at-once'))
    // Without a listener SIGHUP ends the process. What has just been read needs no reading again.
    events.on('reload', () => undefined)
    events.on('fatal', (thrown) => {
      log.error('fatal fault: draining and exiting', { error: thrown })
      this.#asked(1, 'delayed')
    })
  }

  /** Resolves to the exit code where a start that is not wanted any more does not come to its end either. */
  get givenUp(): Promise<number> {
    return this.#givenUp.promise
  }

  /** The service is there. Resolves to the exit code once it was asked to end, and nothing is under way any more. */
  untilOver(app: { drain(delay: DrainDelay): Drain }): Promise<number> {
    const over = Promise.withResolvers<number>()
    const end = (code: number, delay: DrainDelay): Drain => {
      const drain = app.drain(delay)
      void drain.done.then(({ interrupted, crossed }) => {
        this.#log.info('drained', { interrupted, crossed })
        over.resolve(code)
      })
      return drain
    }
    // Nobody has sent it anything yet, or hardly.
    if (this.#state.kind === 'unwanted') this.#state = { kind: 'draining', drain: end(this.#state.code, 'at-once') }
    else this.#state = { kind: 'serving', end }
    return over.promise
  }

  #asked(code: number, delay: DrainDelay): void {
    const sinceMs = performance.now() - this.#askedMs
    switch (this.#state.kind) {
      case 'starting':
        this.#log.info('asked to end while starting')
        this.#state = { kind: 'unwanted', code }
        setTimeout(() => this.#givenUp.resolve(code), unwantedStartMs).unref()
        break
      case 'unwanted':
        if (sinceMs > sameSignalMs) this.#givenUp.resolve(code)
        return
      case 'serving':
        this.#log.info('draining')
        this.#state = { kind: 'draining', drain: this.#state.end(code, delay) }
        break
      case 'draining':
        if (sinceMs < sameSignalMs) return
        this.#log.warn('draining is cut short')
        this.#state.drain.hurry()
        return
    }
    this.#askedMs = performance.now()
  }
}
