// The health check of a client: a short chat, which proves address, key, model and answer at once, and costs a few tokens.
import { probeTokens } from '../attempts/probe.ts'
import { AiError, toAiError } from '../errors/ai-error.ts'
import type { ChatCompletionRequest } from './chat-completion.ts'
import { Message } from './message.ts'

/** How a health check is run. */
export interface HealthCheckOptions {
  /** Default: the provider's default chat model. */
  readonly model?: string
  /** Milliseconds for the whole check, repeats included. Default 10,000. */
  readonly timeoutMs?: number
  /** Aborting ends the check, which is then not healthy. */
  readonly signal?: AbortSignal
}

/** What a health check found; it never rejects. */
export interface HealthCheckResult {
  readonly healthy: boolean
  /** From the question to the whole answer, or to the failure. */
  readonly latencyMs: number
  /** Why it is not healthy. */
  readonly error?: AiError
}

const defaultTimeoutMs = 10_000
const longestTimerMs = 2 ** 31 - 1

/** Never rejects. */
export async function checkHealth(
  ask: (request: ChatCompletionRequest, signal: AbortSignal) => Promise<unknown>,
  { model, timeoutMs = defaultTimeoutMs, signal }: HealthCheckOptions,
): Promise<HealthCheckResult> {
  const startedMs = performance.now()
  const latencyMs = (): number => performance.now() - startedMs
  let late: AbortSignal | undefined
  try {
    if (!(timeoutMs >= 1 && timeoutMs <= longestTimerMs))
      throw new AiError('caller_invalid_request', { message: 'timeoutMs takes 1 or more.', param: 'timeoutMs' })
    late = AbortSignal.timeout(timeoutMs)
    const request = { messages: [Message.user('ping')], maxOutputTokens: probeTokens }
    await ask(
      model === undefined ? request : { ...request, model },
      signal === undefined ? late : AbortSignal.any([signal, late]),
    )
    return { healthy: true, latencyMs: latencyMs() }
  } catch (thrown) {
    const isLate = late?.aborted === true && signal?.aborted !== true
    const error = isLate ? new AiError('provider_timeout_total', {}, { cause: thrown }) : toAiError(thrown)
    return { healthy: false, latencyMs: latencyMs(), error }
  }
}
