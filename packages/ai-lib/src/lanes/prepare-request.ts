// Makes the bytes for one target out of the client's body: the same buffer, a spliced one, or a translated one.
import type { Edit } from '../bytes/json-splice.ts'
import { joinPieces, lengthOf, type Pieces, splicePieces } from '../bytes/pieces.ts'
import type { Loss } from '../chat/losses.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { Head, WriteTarget } from '../dialects/dialect.ts'
import type { LaneChoice } from './choose-lane.ts'
import { largeBodyBytes, type TranslatedRequest, type TranslationJob, writeTranslated } from './translate-request.ts'

export type LaneName = 'pass' | 'splice' | 'translate'

/** What a client asked, read as far as lanes need it. One per exchange; the canonical form is read at most once. */
export interface Asked {
  /** As it arrived, in pieces that nobody changes. */
  readonly body: Pieces
  readonly head: Head
  /** The canonical form, read on first use. */
  canonical(): ChatRequest
}

export interface PreparedRequest {
  readonly lane: LaneName
  readonly body: Pieces
  readonly losses: readonly Loss[]
  /** The provider was asked for usage that the client did not ask for: the usage-only frame is dropped on the way back. */
  readonly dropsUsage: boolean
  /** Translated only: whether the client wants usage inside the stream. */
  readonly streamUsage: boolean
}

export interface PrepareOptions {
  /** Whether somebody on this route (metrics, limits) counts tokens. */
  readonly needsUsage: boolean
  /** Translates large bodies off the event loop. */
  readonly translateLarge?: (job: TranslationJob) => Promise<TranslatedRequest>
}

const nothing: readonly Loss[] = []

/** @throws AiError where the canonical form cannot be read; a large one rejects instead. */
export function prepareRequest(
  asked: Asked,
  choice: Exclude<LaneChoice, { kind: 'unsupported' }>,
  target: WriteTarget,
  options: PrepareOptions,
): PreparedRequest | Promise<PreparedRequest> {
  return choice.kind === 'translate'
    ? translated(asked, choice, target, options)
    : same(asked, target, options.needsUsage)
}

function translated(
  { body, canonical }: Asked,
  { from, to }: Extract<LaneChoice, { kind: 'translate' }>,
  target: WriteTarget,
  { translateLarge }: PrepareOptions,
): PreparedRequest | Promise<PreparedRequest> {
  const dialects = { from: from.dialect.dialect, to: to.dialect.dialect }
  if (translateLarge && lengthOf(body) > largeBodyBytes)
    return translateLarge({ ...dialects, body: joinPieces(body), target }).then(asPrepared)
  return asPrepared(writeTranslated(canonical(), dialects.to, target))
}

function asPrepared(request: TranslatedRequest): PreparedRequest {
  return { ...request, body: [request.body], lane: 'translate', dropsUsage: false }
}

function same({ head, body }: Asked, target: WriteTarget, needsUsage: boolean): PreparedRequest {
  const edits: Edit[] = []
  if (head.model !== target.model) edits.push({ ...head.modelSpan, insert: JSON.stringify(target.model) })
  const asksUsage = needsUsage && head.usageEdit !== undefined && (target.quirks.streamUsage ?? 'option') === 'option'
  if (asksUsage && head.usageEdit) edits.push(head.usageEdit)
  if (edits.length === 0) return { lane: 'pass', body, losses: nothing, dropsUsage: false, streamUsage: true }
  return { lane: 'splice', body: splicePieces(body, edits), losses: nothing, dropsUsage: asksUsage, streamUsage: true }
}
