// The middle of an exchange: targets, attempts, answer.
import type { AttemptPlan } from 'ai-lib/internal/attempts/attempt-plan'
import { type LoopParts, runAttempts } from 'ai-lib/internal/attempts/attempt-loop'
import type { CommitBounds } from 'ai-lib/internal/attempts/attempt-call'
import type { Target } from 'ai-lib/internal/attempts/target'
import type { TargetRoute } from 'ai-lib/internal/attempts/target-route'
import { joinPieces, type Pieces } from 'ai-lib/internal/bytes/pieces'
import type { ChatRequest } from 'ai-lib/internal/chat/request'
import type { OperationId } from 'ai-lib/internal/dialects/dialect'
import { chatOperations, type Operation } from 'ai-lib/internal/dialects/registry'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { AnswerLane } from 'ai-lib/internal/lanes/answer-lane'
import { createPassLane } from 'ai-lib/internal/lanes/pass'
import {
  type Asked,
  type PreparedRequest,
  type PrepareOptions,
  prepareRequest,
} from 'ai-lib/internal/lanes/prepare-request'
import { createTranslateLane } from 'ai-lib/internal/lanes/translate'
import type { Answer, RefusedAt } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { inScratch } from './scratch.ts'

export interface DispatchParts extends PrepareOptions {
  resolve(operation: OperationId, model: string): TargetRoute
  readonly loop: LoopParts
  readonly maxRetries: number
  readonly commit: CommitBounds
  readonly scrub: (text: string) => string
}

/** What is read of a body once; the canonical form only if a target needs it. */
export function readAsked(operation: Operation, body: Pieces): Asked {
  const head = operation.wire.peek(inScratch(body))
  let canonical: ChatRequest | undefined
  return {
    body,
    head,
    canonical() {
      canonical ??= readCanonical(operation, joinPieces(body))
      return canonical
    },
  }
}

function readCanonical(operation: Operation, body: Uint8Array): ChatRequest {
  const chat = Object.values(chatOperations).find((candidate) => candidate.operation.id === operation.id)
  if (!chat) throw new AiError('service_internal', { message: `${operation.id} has no canonical form.` })
  return chat.dialect.readRequest(body)
}

/** @throws AiError for what is wrong with the request. */
export async function dispatch(exchange: Exchange, asked: Asked, parts: DispatchParts): Promise<Answer> {
  const route = parts.resolve(exchange.operation.id, asked.head.model)
  const { cache } = exchange.head
  // SDKs repeat what ends in 504, unless they are told not to.
  if (cache === 'only') throw new AiError('policy_cache_miss', { param: 'x-ai-cache', exhausted: true })
  const timeoutMs = msLeft(exchange)
  const plan: AttemptPlan<Buffer> = {
    route,
    prepare: (target) => prepared(exchange, asked, target, parts),
    openLane: (target, request) => openLane(exchange.operation, target, request),
    stream: asked.head.stream,
    headers: exchange.head.forwarded,
    ...attemptHeaders(exchange),
    ...(exchange.caller.keyId === undefined ? {} : { caller: exchange.caller.keyId }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    maxRetries: parts.maxRetries,
    commit: parts.commit,
    scrub: parts.scrub,
  }
  const outcome = await runAttempts(plan, parts.loop, exchange.signal)
  switch (outcome.kind) {
    case 'whole':
    case 'stream':
      return outcome
    case 'failed':
      return { kind: 'refused', error: outcome.error, attempts: outcome.attempts, ...at(outcome.target) }
    case 'left':
      return { kind: 'left', attempts: outcome.attempts, ...at(outcome.target) }
  }
}

function attemptHeaders({ trace }: Exchange): Pick<AttemptPlan<Buffer>, 'attemptHeaders'> {
  if (trace === undefined) return {}
  return {
    attemptHeaders: ({ upstream }, index) => (upstream.traceContext === true ? trace.attemptHeaders(index) : undefined),
  }
}

function msLeft({ head, waitedMs }: Exchange): number | undefined {
  return head.timeoutMs === undefined ? undefined : Math.max(1, head.timeoutMs - waitedMs)
}

function at(target: Target | undefined): { readonly endpoint?: RefusedAt } {
  if (!target) return {}
  return { endpoint: { provider: target.upstream.spec.name, endpoint: target.endpoint, model: target.model } }
}

function prepared(
  exchange: Exchange,
  asked: Asked,
  target: Target,
  options: PrepareOptions,
): PreparedRequest | Promise<PreparedRequest> {
  const { quirks } = target.upstream.spec
  const { model, maxOutputTokens } = target
  const writeTarget = { model, quirks, ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }) }
  const request = prepareRequest(asked, target.lane, writeTarget, options)
  if (!exchange.head.strictLosses) return request
  return request instanceof Promise ? request.then(refuseLosses) : refuseLosses(request)
}

function refuseLosses(request: PreparedRequest): PreparedRequest {
  const lost = request.losses.filter(({ kind }) => kind !== 'added')
  const [first] = lost
  if (!first) return request
  const paths = lost.map(({ path, reason }) => `${path} (${reason})`).join('; ')
  throw new AiError('policy_losses_refused', { message: paths.slice(0, 1_000), param: first.path })
}

function openLane(operation: Operation, target: Target, request: PreparedRequest): AnswerLane<Buffer> {
  const { lane } = target
  if (lane.kind === 'same') return createPassLane(operation.wire, request.dropsUsage)
  const writer = lane.from.dialect.createWriter({
    streamUsage: request.streamUsage,
    createdSeconds: Math.floor(Date.now() / 1_000),
  })
  return createTranslateLane(lane.to.dialect.createReader(), writer)
}
