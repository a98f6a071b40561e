// Makes the bytes for one target out of the client's body: the same buffer, a spliced one, or a translated one.
import { spliceBytes, type Edit } from '../bytes/json-splice.ts'
import type { Loss } from '../chat/losses.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { Head, Quirks } from '../dialects/dialect.ts'
import type { LaneChoice } from './choose-lane.ts'

export type LaneName = 'pass' | 'splice' | 'translate'

/** What a client asked, read as far as lanes need it. One per exchange; the canonical form is read at most once. */
export interface Asked {
  readonly body: Uint8Array
  readonly head: Head
  /** The canonical form, read on first use. */
  canonical(): ChatRequest
}

export interface PreparedRequest {
  readonly lane: LaneName
  readonly body: Uint8Array
  readonly losses: readonly Loss[]
  /** The provider was asked for usage that the client did not ask for: the usage-only frame is dropped on the way back. */
  readonly dropsUsage: boolean
}

export interface RequestTarget {
  readonly model: string
  readonly quirks: Quirks
  readonly maxOutputTokens?: number
}

const nothing: readonly Loss[] = []

/**
 * @param needsUsage whether somebody on this route (metrics, limits) counts tokens.
 * @throws AiError where the canonical form cannot be read.
 */
export function prepareRequest(
  asked: Asked,
  choice: Exclude<LaneChoice, { kind: 'unsupported' }>,
  target: RequestTarget,
  needsUsage: boolean,
): PreparedRequest {
  if (choice.kind === 'translate') {
    const written = choice.to.dialect.writeRequest(asked.canonical(), target)
    return { lane: 'translate', body: written.body, losses: written.losses, dropsUsage: false }
  }
  const { head, body } = asked
  const edits: Edit[] = []
  if (head.model !== target.model) edits.push({ ...head.modelSpan, insert: JSON.stringify(target.model) })
  const asksUsage = needsUsage && head.usageEdit !== undefined && (target.quirks.streamUsage ?? 'option') === 'option'
  if (asksUsage && head.usageEdit) edits.push(head.usageEdit)
  if (edits.length === 0) return { lane: 'pass', body, losses: nothing, dropsUsage: false }
  return { lane: 'splice', body: spliceBytes(body, edits), losses: nothing, dropsUsage: asksUsage }
}
