// Decides how a request travels to a target: untouched, or through the canonical form. Pure, and done once per route.
import type { OperationId } from '../dialects/dialect.ts'
import { type ChatOperation, chatOperations, type Operation, operations } from '../dialects/registry.ts'
import type { ProviderSpec, Speaks } from '../providers/provider.ts'

export type LaneChoice =
  /** Same dialect: bytes pass, or a few top-level fields are spliced. */
  | { readonly kind: 'same'; readonly operation: Operation; readonly speaks: Speaks }
  | { readonly kind: 'translate'; readonly from: ChatOperation; readonly to: ChatOperation; readonly speaks: Speaks }
  /** The provider has nothing like this operation. */
  | { readonly kind: 'unsupported' }

/** The lane from a client's operation to a provider. */
export function chooseLane(asked: OperationId, provider: ProviderSpec): LaneChoice {
  const same = provider.speaks.find((speaks) => speaks.operations.includes(asked))
  if (same) return { kind: 'same', operation: operations[asked], speaks: same }
  const from = Object.values(chatOperations).find(({ operation }) => operation.id === asked)
  if (!from) return { kind: 'unsupported' }
  for (const speaks of provider.speaks) {
    const to = chatOperations[speaks.dialect]
    if (to && speaks.operations.includes(to.operation.id)) return { kind: 'translate', from, to, speaks }
  }
  return { kind: 'unsupported' }
}

/** Path at the provider: behind the base URL's own path, or behind the dialect's path from the origin. */
export function upstreamPath(basePath: string, speaks: Speaks, operation: Operation): string {
  return `${speaks.originPath ?? basePath}${operation.path}`
}
