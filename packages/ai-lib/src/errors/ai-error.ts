// The one error class: a code from the closed table, details that are safe to show, and a cause that is only logged.
import { type ErrorCode, errorTable } from './error-codes.ts'

/** Safe to show to a client: never a key, an upstream URL or text of another tenant. */
export interface ErrorDetails {
  /** What exactly is wrong and what to do; appended to the table's message. */
  readonly message?: string
  /** The field of the request that is meant, as a path: `messages.0.content`. */
  readonly param?: string
  /** Overrides the table's status where a provider's own status passes through. */
  readonly status?: number
  /** Milliseconds after which trying again makes sense. */
  readonly retryAfterMs?: number
  /** The provider that the error came from. */
  readonly provider?: string
  /** True when every allowed attempt is spent, so that SDKs must not multiply them. */
  readonly exhausted?: boolean
}

/**
 * The error that every room throws and every client gets in its own dialect.
 *
 * @example
 * ```ts
 * import { AiError } from 'ai-lib'
 * const error = new AiError('caller_missing_field', { message: 'model is required.', param: 'model' })
 * console.log(error.status, error.retryable) // 400 false
 * ```
 */
export class AiError extends Error {
  override readonly name = 'AiError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { readonly cause?: unknown }) {
    const base = errorTable[code].message
    super(details.message === undefined ? base : `${base} ${details.message}`, options)
    this.code = code
    this.details = details
  }

  /** HTTP status for this error. */
  get status(): number {
    return this.details.status ?? errorTable[this.code].status
  }

  /** True where the same request may succeed later without being changed. */
  get retryable(): boolean {
    return errorTable[this.code].retryable
  }

  /** `warning` where a caller can mend it, `error` where an operator or a provider must. */
  get severity(): 'warning' | 'error' {
    return this.code.startsWith('caller_') || this.code.startsWith('policy_') ? 'warning' : 'error'
  }

  /** Milliseconds after which trying again makes sense, where known. */
  get retryAfterMs(): number | undefined {
    return this.details.retryAfterMs
  }
}

/** Any thrown value as an `AiError`; what is not one becomes `service_internal` with the value as its cause. */
export function toAiError(thrown: unknown): AiError {
  return thrown instanceof AiError ? thrown : new AiError('service_internal', {}, { cause: thrown })
}
