// The request for a provider's own list of models: it proves address and key, and costs no tokens.
import type { Wire } from '../dialects/dialect.ts'
import { chatOperations } from '../dialects/registry.ts'
import type { UpstreamRequest } from '../transport/transport.ts'
import type { PoolKey } from './key-pool.ts'
import type { Upstream } from './target.ts'

export interface ModelsRequest {
  readonly request: UpstreamRequest
  /** Reads error answers. */
  readonly wire: Wire
}

/** Names on a page of Anthropic's list: all of them. OpenAI's has no pages. */
const anthropicQuery = '?limit=1000'

/**
 * Undefined where the provider speaks nothing that has such a list.
 * @param after the last name of the page before, where there was one.
 */
export function modelsRequest(upstream: Upstream, key: PoolKey | undefined, after?: string): ModelsRequest | undefined {
  const { spec, basePath } = upstream
  for (const speaks of spec.speaks) {
    const wire = chatOperations[speaks.dialect]?.dialect
    if (!wire) continue
    const from = after === undefined ? '' : `&after_id=${encodeURIComponent(after)}`
    const path = speaks.dialect === 'anthropic-messages' ? `/v1/models${anthropicQuery}${from}` : '/models'
    return { wire, request: getRequest(`${speaks.originPath ?? basePath}${path}`, upstream, key) }
  }
  return undefined
}

function getRequest(path: string, { spec, headers }: Upstream, key: PoolKey | undefined): UpstreamRequest {
  return {
    method: 'GET',
    path,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'ai-lib',
      ...spec.headers,
      ...headers,
      ...(key?.secret ? { [spec.auth.header]: `${spec.auth.prefix}${key.secret.reveal()}` } : {}),
    },
    stream: false,
  }
}
