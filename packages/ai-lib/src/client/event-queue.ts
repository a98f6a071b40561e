// Turns a pushed stream into an async iterator, with back-pressure: what is not taken stops the upstream.
import type { OpenStream } from '../attempts/attempt-call.ts'
import { errorOfFailure } from '../attempts/failure-error.ts'
import type { ChatEvent } from '../chat/events.ts'
import { AiError } from '../errors/ai-error.ts'

/** What applications get of a stream; failures are thrown. */
export type ChatCompletionEvent = Exclude<ChatEvent, { type: 'failure' }>

/** Events that may wait before the upstream is paused. */
const highWater = 256

type Ending =
  | { readonly kind: 'open' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: AiError }

/** Yields the events of a stream; leaving the loop early ends the upstream's socket. */
export async function* eventsOf(
  stream: OpenStream<readonly ChatEvent[]>,
  scrub: (text: string) => string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ChatCompletionEvent> {
  const queue: ChatCompletionEvent[] = []
  const state: { ending: Ending; wake: (() => void) | undefined } = { ending: { kind: 'open' }, wake: undefined }
  const wake = (): void => {
    state.wake?.()
    state.wake = undefined
  }
  stream.attach({
    data(events) {
      for (const event of events) if (event.type !== 'failure') queue.push(event)
      if (queue.length > highWater) stream.pause()
      wake()
    },
    ended() {
      state.ending = { kind: 'ended' }
      wake()
    },
    failed(failure) {
      state.ending = { kind: 'failed', error: errorOfFailure(failure, scrub, false) }
      wake()
    },
  })
  // The attempt itself falls silent when its client leaves; somebody must still tell the loop.
  const onAbort = (): void => {
    state.ending = { kind: 'failed', error: new AiError('caller_left', {}, { cause: signal?.reason }) }
    wake()
  }
  // It may have left between the commit and now: a signal tells that to nobody who listens later.
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort)
  try {
    for (;;) {
      const batch = queue.splice(0)
      if (batch.length > highWater) stream.resume()
      yield* batch
      if (queue.length > 0) continue
      if (state.ending.kind === 'ended') return
      if (state.ending.kind === 'failed') throw state.ending.error
      await new Promise<void>((resolve) => {
        state.wake = resolve
      })
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stream.destroy()
  }
}
