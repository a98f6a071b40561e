// The port that every chat dialect of the simulator fulfils: read a request, write an answer, write an error.
import type { AnswerPlan } from './answer-plan.ts'
import type { BadRequest, Conversation } from './conversation.ts'
import type { JsonObject } from './json.ts'

export interface RequestHeaders {
  readonly [name: string]: string | undefined
}

export interface SimulatedError {
  readonly status: number
  readonly message: string
  readonly param?: string
  readonly code?: string
  readonly requestId: string
}

/** How a family of routes words its errors. */
export interface ErrorForm {
  readonly requestIdHeader: string
  writeError(error: SimulatedError): JsonObject
  /** One whole SSE event; `inner` replaces the dialect's own error object. */
  writeErrorEvent(error: SimulatedError, inner: object | undefined): string
}

export interface ChatDialect extends ErrorForm {
  readRequest(body: JsonObject, headers: RequestHeaders): Conversation | BadRequest
  writeWhole(plan: AnswerPlan): JsonObject
  /** Whole SSE events, the terminal one last. */
  writeEvents(plan: AnswerPlan): readonly string[]
}
