// An audit trail for applications that embed the client: who asked for what, and how it ended, never what was said.
import type { Usage } from '../chat/usage.ts'
import { totalInput, totalOutput } from '../chat/usage.ts'
import { AiError } from '../errors/ai-error.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import type { EventLogger } from '../metrics/audit-metrics.ts'
import type { ChatCompletionRequest } from './chat-completion.ts'
import type { CallEnd, CallOutcome } from './watched-call.ts'

/** How a request ended. */
export interface RequestOutcome {
  readonly userId: string
  readonly provider: string
  /** As the provider was asked. */
  readonly model: string
  /** `truncated`: a stream without its end. `refused`: the request itself was at fault. */
  readonly outcome: CallOutcome
  readonly errorCode?: ErrorCode | undefined
  /** Absent where the provider reported none. */
  readonly usage?: Usage | undefined
  readonly stream: boolean
  /** Whether the client's cache answered. */
  readonly isCached: boolean
  readonly durationMs: number
}

/** What the client's option `audit` takes: told of every request before it is sent, and of its end. */
export interface AuditSink {
  /** What it throws refuses the request with `service_audit_away`: nothing is sent that is not recorded. */
  logRequest(request: ChatCompletionRequest, userId: string): void
  /** What it throws is lost: the answer is there, and is not taken away for it. */
  logOutcome?(outcome: RequestOutcome): void
}

/**
 * Logs each request as `ai_request` and each end as `ai_response`: user, model, counts, tokens, outcome. No message and no
 * answer is ever in them.
 *
 * @example
 * ```ts
 * import { AiClient, AuditLogger, Message, Provider } from 'ai-lib'
 *
 * const audit = new AuditLogger(console)
 * export const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...', audit })
 * // Or by hand, around something else:
 * audit.logRequest({ model: 'gpt-4o', messages: [Message.user('ping')] }, 'alice')
 * ```
 */
export class AuditLogger implements AuditSink {
  readonly #logger: EventLogger
  readonly #now: () => Date

  /** @param now the time that stands in the events. */
  constructor(logger: EventLogger, now: () => Date = () => new Date()) {
    this.#logger = logger
    this.#now = now
  }

  /** One `ai_request`: `user_id`, `model`, `message_count`, `tools_count`, `timestamp`. */
  logRequest(request: ChatCompletionRequest, userId: string): void {
    this.#logger.info('ai_request', {
      user_id: userId,
      model: request.model ?? 'default',
      message_count: request.messages.length,
      tools_count: request.tools?.length ?? 0,
      timestamp: this.#now().toISOString(),
    })
  }

  /** One `ai_response`: `user_id`, `provider`, `model`, `outcome`, `error_code`, tokens, `latency_ms`, `timestamp`. */
  logOutcome({ userId, usage, ...ended }: RequestOutcome): void {
    this.#logger.info('ai_response', {
      user_id: userId,
      provider: ended.provider,
      model: ended.model,
      outcome: ended.outcome,
      ...(ended.errorCode === undefined ? {} : { error_code: ended.errorCode }),
      ...(usage === undefined ? {} : { input_tokens: totalInput(usage), output_tokens: totalOutput(usage) }),
      stream: ended.stream,
      cached: ended.isCached,
      latency_ms: Math.round(ended.durationMs * 1_000) / 1_000,
      timestamp: this.#now().toISOString(),
    })
  }
}

/** Who is written down where the request does not say. */
const nobody = 'anonymous'

/** One call of a client as its audit sink hears of it. */
export class AuditedCall {
  readonly #sink: AuditSink
  readonly #userId: string
  readonly #stream: boolean
  readonly #startedMs = performance.now()

  /** @throws AiError `service_audit_away` where the request cannot be recorded. */
  constructor(sink: AuditSink, request: ChatCompletionRequest, stream: boolean) {
    this.#sink = sink
    this.#userId = request.user ?? nobody
    this.#stream = stream
    try {
      sink.logRequest(request, this.#userId)
    } catch (cause) {
      throw new AiError('service_audit_away', { message: 'The audit option threw.' }, { cause })
    }
  }

  ended(end: CallEnd): void {
    const durationMs = performance.now() - this.#startedMs
    try {
      this.#sink.logOutcome?.({ ...end, userId: this.#userId, stream: this.#stream, durationMs })
    } catch {
      // The answer is there; its caller must not lose it because a line could not be written.
    }
  }
}
