// Many requests with a bound on how many are under way: results in the order of the requests, each for itself.
import { AiError, toAiError } from '../errors/ai-error.ts'
import type { GuardedMetrics } from '../metrics/guarded-metrics.ts'
import { clientSeries } from '../metrics/series.ts'
import type { ChatCompletionRequest, ChatCompletionResponse } from './chat-completion.ts'

/** How a batch is run. */
export interface BatchOptions {
  /** Requests under way at one time. Default 8. */
  readonly concurrency?: number | undefined
  /** Aborting ends what is under way and begins nothing more: the rest settles as `caller_left`. */
  readonly signal?: AbortSignal | undefined
}

/** What became of one request of a batch. */
export type BatchResult =
  | { readonly kind: 'answered'; readonly response: ChatCompletionResponse }
  | { readonly kind: 'failed'; readonly error: AiError }

type Ask = (request: ChatCompletionRequest, signal: AbortSignal | undefined) => Promise<ChatCompletionResponse>

const defaultConcurrency = 8
const highestConcurrency = 10_000

/** @throws AiError `caller_invalid_request` for a concurrency that is no whole number above 0. */
export async function runBatch(
  requests: readonly ChatCompletionRequest[],
  { concurrency = defaultConcurrency, signal }: BatchOptions,
  ask: Ask,
): Promise<readonly BatchResult[]> {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > highestConcurrency)
    throw new AiError('caller_invalid_request', {
      message: `Give a whole number from 1 to ${highestConcurrency} as concurrency.`,
      param: 'concurrency',
    })
  // The list is the caller's: what it does with it meanwhile must not change what is asked.
  const waiting = [...requests].entries()
  const results = new Map<number, BatchResult>()
  const work = async (): Promise<void> => {
    // One iterator for all workers: each takes the next request that nobody has taken.
    for (const [index, request] of waiting) results.set(index, await settle(request, signal, ask))
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, work))
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result)
}

/** Tells metrics of a batch that is over. */
export function recordBatch(metrics: GuardedMetrics, results: readonly BatchResult[]): void {
  const failed = results.filter(({ kind }) => kind === 'failed').length
  const outcome = failed === 0 ? 'completed' : failed === results.length ? 'failed' : 'partial'
  metrics.incrCounter(clientSeries.batches.name, 1, { outcome })
  metrics.recordHistogram(clientSeries.batchSize.name, results.length, {})
}

async function settle(request: ChatCompletionRequest, signal: AbortSignal | undefined, ask: Ask): Promise<BatchResult> {
  try {
    if (signal?.aborted) throw new AiError('caller_left', {}, { cause: signal.reason })
    return { kind: 'answered', response: await ask(request, signal) }
  } catch (thrown) {
    return { kind: 'failed', error: toAiError(thrown) }
  }
}
