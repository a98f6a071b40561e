// Embeddings: texts to vectors, at the one provider whose model was named, because vectors of two models do not compare.
import type { AttemptPlan } from '../attempts/attempt-plan.ts'
import type { Target } from '../attempts/target.ts'
import { TargetRoute } from '../attempts/target-route.ts'
import { isArray, isObject, type JsonValue } from '../bytes/json-value.ts'
import { totalInput, type Usage } from '../chat/usage.ts'
import { operations } from '../dialects/registry.ts'
import { AiError } from '../errors/ai-error.ts'
import { chooseLane } from '../lanes/choose-lane.ts'
import { createPassLane } from '../lanes/pass.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import { type Hop, targetOf } from './open-hops.ts'

/** Texts to make vectors of. */
export interface EmbeddingRequest {
  /** As the provider names it: `text-embedding-3-small`. There is no default. */
  readonly model: string
  readonly input: string | readonly string[]
  /** Length of the vectors, where the model can shorten them. */
  readonly dimensions?: number | undefined
  /** The end user's id, for the provider's abuse monitoring. */
  readonly user?: string | undefined
}

/** One vector for each text, in their order. */
export interface EmbeddingResponse {
  readonly model: string
  readonly provider: string
  readonly vectors: readonly (readonly number[])[]
  readonly usage: {
    readonly promptTokens: number
    readonly totalTokens: number
    /** False where the provider reported none: the figures are then 0, not guessed. */
    readonly isReported: boolean
  }
}

/** What of a plan is special to embeddings. */
export type EmbeddingPlan = Pick<AttemptPlan<Buffer>, 'route' | 'prepare' | 'openLane' | 'stream'>

/** @throws AiError where no model is named, or the provider has no embeddings. */
export function embeddingPlan(hops: readonly [Hop, ...Hop[]], request: EmbeddingRequest): EmbeddingPlan {
  if (!request.model) throw new AiError('caller_missing_field', { message: 'Name a model.', param: 'model' })
  const provider = hops[0].spec.name
  const alike = hops.filter(({ spec }) => spec.name === provider)
  return {
    route: TargetRoute.inOrder(alike.map((hop) => embeddingTarget(hop, request.model))),
    prepare: () => prepared(request),
    openLane: () => createPassLane(operations.embeddings.wire, false),
    stream: false,
  }
}

function embeddingTarget(hop: Hop, model: string): Target {
  const lane = chooseLane('embeddings', hop.spec)
  if (lane.kind === 'unsupported')
    throw new AiError('service_not_available', { message: `${hop.spec.label} has no embeddings.` })
  return { ...targetOf(hop, model, 0), model, lane }
}

function prepared({ model, input, dimensions, user }: EmbeddingRequest): PreparedRequest {
  const body = Buffer.from(JSON.stringify({ model, input, dimensions, user }))
  return { lane: 'pass', body: [body], losses: [], dropsUsage: false, streamUsage: false }
}

/** @throws AiError `provider_invalid_response` where the answer holds no vectors, or another number of them. */
export function embeddingsOf(
  body: Buffer,
  request: EmbeddingRequest,
  provider: string,
  usage: Usage | undefined,
): EmbeddingResponse {
  const answer: unknown = JSON.parse(body.toString('utf8'))
  const data = isObject(answer) ? answer['data'] : undefined
  const wanted = typeof request.input === 'string' ? 1 : request.input.length
  if (!isObject(answer) || !isArray(data) || data.length !== wanted)
    throw new AiError('provider_invalid_response', { message: `It does not hold ${wanted} vectors.` })
  const model = answer['model']
  const tokens = usage === undefined ? 0 : totalInput(usage)
  return {
    model: typeof model === 'string' ? model : request.model,
    provider,
    vectors: data
      .map(readEntry)
      .sort((a, b) => a.index - b.index)
      .map(({ vector }) => vector),
    usage: { promptTokens: tokens, totalTokens: tokens, isReported: usage !== undefined },
  }
}

function readEntry(entry: JsonValue, position: number): { readonly index: number; readonly vector: readonly number[] } {
  const { embedding, index } = isObject(entry) ? entry : {}
  if (!isArray(embedding))
    throw new AiError('provider_invalid_response', { message: 'A vector is no list of numbers.' })
  const vector = embedding.map((value) => (typeof value === 'number' ? value : Number.NaN))
  if (vector.some(Number.isNaN))
    throw new AiError('provider_invalid_response', { message: 'A vector holds no number.' })
  return { index: typeof index === 'number' ? index : position, vector }
}
