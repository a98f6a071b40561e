// What an attempt sends: path, headers and the key, around the bytes that a lane prepared.
import { upstreamPath } from '../lanes/choose-lane.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import type { UpstreamRequest } from '../transport/transport.ts'
import type { AttemptPlan } from './attempt-plan.ts'
import type { PoolKey } from './key-pool.ts'
import type { Target, Upstream } from './target.ts'

/** What of a plan is the same for all of its attempts. */
type Asked = Pick<AttemptPlan<unknown>, 'stream' | 'headers' | 'attemptHeaders' | 'caller'>

export function attemptRequest(
  asked: Asked,
  target: Target,
  key: PoolKey,
  { prepared, index }: { readonly prepared: PreparedRequest; readonly index: number },
): UpstreamRequest {
  const { upstream, lane } = target
  const operation = lane.kind === 'same' ? lane.operation : lane.to.operation
  return {
    method: 'POST',
    path: upstreamPath(upstream.basePath, lane.speaks, operation),
    headers: headersOf(asked, upstream, key, asked.attemptHeaders?.(target, index)),
    body: prepared.body,
    stream: asked.stream,
    headTimeoutMs: upstream.timeouts.headMs,
    caller: asked.caller,
  }
}

// Assigned one by one: five spreads into one object cost more than everything else of a request's making.
function headersOf(
  { stream, headers: passed }: Asked,
  { spec, headers: configured }: Upstream,
  key: PoolKey,
  own: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
  }
  for (const given of [spec.headers, passed, configured]) {
    for (const name in given) headers[name] = given[name] ?? ''
  }
  for (const name in own) headers[name] = own[name] ?? ''
  if (key.secret) headers[spec.auth.header] = `${spec.auth.prefix}${key.secret.reveal()}`
  return headers
}
