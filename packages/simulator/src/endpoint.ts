// The port between a route and what answers it: a parsed request in, a reply out, nothing of sockets.
import { type AnswerPlan, type Mint, planAnswer } from './answer-plan.ts'
import type { AnswerBehaviour } from './behaviour.ts'
import type { BadRequest } from './conversation.ts'
import type { ChatDialect, ErrorForm, RequestHeaders } from './dialect.ts'
import type { JsonObject } from './json.ts'

export type Reply =
  | { readonly kind: 'whole'; readonly status: number; readonly body: JsonObject }
  | { readonly kind: 'events'; readonly frames: readonly string[] }

export interface Asked {
  readonly body: JsonObject
  readonly headers: RequestHeaders
  readonly mint: Mint
}

export interface Endpoint {
  readonly errors: ErrorForm
  /** The text that the model `script` would read, where this endpoint has such a thing. */
  lastUserText(asked: Asked): string
  reply(asked: Asked, script: AnswerBehaviour): Reply
}

export function refuse(errors: ErrorForm, bad: BadRequest, mint: Mint): Reply {
  const { status, message, param } = bad
  const error = { status, message, requestId: `req_sim_${mint.serial}`, ...(param === undefined ? {} : { param }) }
  return { kind: 'whole', status, body: errors.writeError(error) }
}

export function whole(body: JsonObject): Reply {
  return { kind: 'whole', status: 200, body }
}

/** An endpoint for a dialect's chat route. */
export function chatEndpoint(dialect: ChatDialect): Endpoint {
  return {
    errors: dialect,
    lastUserText: ({ body, headers }) => {
      const read = dialect.readRequest(body, headers)
      return 'kind' in read ? '' : read.lastUserText
    },
    reply: ({ body, headers, mint }, script) => {
      const read = dialect.readRequest(body, headers)
      if ('kind' in read) return refuse(dialect, read, mint)
      return writePlan(dialect, planAnswer(read, script, mint), read.stream)
    },
  }
}

function writePlan(dialect: ChatDialect, plan: AnswerPlan, stream: boolean): Reply {
  return stream ? { kind: 'events', frames: dialect.writeEvents(plan) } : whole(dialect.writeWhole(plan))
}
