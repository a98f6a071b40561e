// One request and its response on a real socket: reads the body, writes at the client's pace, notices when it leaves.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ExchangeParts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The TCP socket; under TLS this is the one below the request's own. */
  readonly socket: Socket
  /** Called once when the client went away before the response was whole. */
  readonly onLeft: () => void
}

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborts when the exchange's connection is gone; every wait of this exchange rejects then. */
  readonly gone: AbortSignal
  wait(ms: number): Promise<void>
  /** Writes a piece of the body and waits while the client reads too slowly. */
  write(bytes: string | Uint8Array): Promise<void>
  end(bytes?: string | Uint8Array): void
  /** From here on the end of the connection is our doing, not the client's. */
  own(): void
  /** A TCP reset, of our own doing. */
  resetNow(): void
  /** Waits for the client to go. */
  hold(): Promise<never>
}

// One error for all: making one for each ended request took a tenth of the time of a cheap answer.
const GONE = new Error('The connection of this exchange is gone.')

export function createExchange({ request, response, socket, onLeft }: ExchangeParts): Exchange {
  let controller: AbortController | undefined
  let owned = false
  response.once('close', () => {
    controller?.abort(GONE)
    if (!owned && !response.writableFinished) onLeft()
  })
  const signal = () => {
    controller ??= new AbortController()
    if (response.closed) controller.abort(GONE)
    return controller.signal
  }
  return {
    request,
    response,
    get gone() {
      return signal()
    },
    wait: async (ms) => {
      if (ms > 0) await sleep(ms, undefined, { signal: signal() })
    },
    write: async (bytes) => {
      if (response.closed) throw GONE
      if (!response.write(bytes)) await drained(response, signal())
    },
    end: (bytes) => {
      response.end(bytes)
    },
    own: () => {
      owned = true
    },
    resetNow: () => {
      owned = true
      socket.resetAndDestroy()
    },
    hold: () => rejectedOn(signal()),
  }
}

function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      response.off('drain', drain)
      gone.removeEventListener('abort', leave)
    }
    const drain = () => {
      done()
      resolve()
    }
    const leave = () => {
      done()
      reject(gone.reason)
    }
    response.once('drain', drain)
    gone.addEventListener('abort', leave, { once: true })
  })
}

function rejectedOn(gone: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (gone.aborted) reject(gone.reason)
    gone.addEventListener('abort', () => reject(gone.reason), { once: true })
  })
}
