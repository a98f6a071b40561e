// One probe of an endpoint, through the same connections, proxy and keys as its traffic.
import { chatOperations } from '../dialects/registry.ts'
import type { AnswerLane } from '../lanes/answer-lane.ts'
import { upstreamPath } from '../lanes/choose-lane.ts'
import { createEventsLane } from '../lanes/translate.ts'
import { attempt } from './attempt.ts'
import type { AttemptCall, Attempted } from './attempt-call.ts'
import type { Clock } from './clock.ts'
import { endOf } from './endpoint-health.ts'
import type { PoolKey } from './key-pool.ts'
import { modelsRequest } from './models-request.ts'
import type { Upstream } from './target.ts'

/** `models` fetches the provider's list, which costs nothing; `chat` asks the model itself for a word. */
export type ProbeKind = 'models' | 'chat'

export interface ProbePlan {
  readonly upstream: Upstream
  readonly model: string
  readonly kind: ProbeKind
  readonly timeoutMs: number
}

/**
 * `passed`: the endpoint lives, whatever it thinks of our key or request. `void`: nothing could be asked, for want of a
 * key, a connection or a dialect.
 */
export type ProbeResult = 'passed' | 'failed' | 'void'

/** Enough for a model that thinks before it says a word; a bound of one token makes those fail. */
export const probeTokens = 256
const commit = { holdMs: 15_000, bytes: 256 * 1_024 }

/** Never rejects. */
export async function probe(plan: ProbePlan, clock: Clock, signal: AbortSignal): Promise<ProbeResult> {
  const { upstream } = plan
  const key = upstream.keys.pick(clock.nowMs(), new Set())
  if (key === undefined && upstream.spec.isKeyRequired) return 'void'
  const call = callOf(plan, key, clock)
  if (!call) return 'void'
  const hold = key && upstream.keys.holdOf(key)
  const attempted = await attempt<unknown>({ ...call, hold }, signal)
  if (key) judgeKey(plan, key, attempted)
  return resultOf(attempted)
}

function resultOf(attempted: Attempted<unknown>): ProbeResult {
  if (attempted.kind === 'left') return 'void'
  if (attempted.kind !== 'failed') return 'passed'
  const end = endOf(attempted.failure.code)
  return end === 'failed' || end === 'void' ? end : 'passed'
}

// A key that may chat need not be allowed to list models: only a chat says something about it.
function judgeKey({ upstream: { keys }, kind }: ProbePlan, key: PoolKey, attempted: Attempted<unknown>): void {
  if (attempted.kind === 'whole') keys.proved(key)
  if (attempted.kind !== 'failed' || kind !== 'chat') return
  if (attempted.failure.code === 'key-refused') keys.retire(key, 'quarantined')
  if (attempted.failure.code === 'quota-exhausted') keys.retire(key, 'exhausted')
}

type ProbeCall = AttemptCall<unknown>

function callOf(plan: ProbePlan, key: PoolKey | undefined, clock: Clock): ProbeCall | undefined {
  try {
    return plan.kind === 'models' ? modelsCall(plan, key, clock) : chatCall(plan, key, clock)
  } catch {
    return undefined // What cannot be asked says nothing about the endpoint.
  }
}

function bounds({ upstream, timeoutMs }: ProbePlan, clock: Clock) {
  const timeouts = { ...upstream.timeouts, totalMs: timeoutMs }
  return { channel: upstream.channel, timeouts, msLeft: timeoutMs, commit, clock }
}

function modelsCall(plan: ProbePlan, key: PoolKey | undefined, clock: Clock): ProbeCall | undefined {
  const list = modelsRequest(plan.upstream, key)
  return list && { ...bounds(plan, clock), ...list, lane: anyAnswer() }
}

function chatCall(plan: ProbePlan, key: PoolKey | undefined, clock: Clock): ProbeCall | undefined {
  const { upstream, model } = plan
  const { spec, headers, basePath } = upstream
  for (const speaks of spec.speaks) {
    const chat = chatOperations[speaks.dialect]
    if (!chat || !speaks.operations.includes(chat.operation.id)) continue
    const written = chat.dialect.writeRequest(pingRequest(model), { model, quirks: spec.quirks })
    return {
      ...bounds(plan, clock),
      wire: chat.dialect,
      lane: createEventsLane(chat.dialect.createReader()),
      request: {
        method: 'POST',
        path: upstreamPath(basePath, speaks, chat.operation),
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'ai-lib',
          ...spec.headers,
          ...headers,
          ...(key?.secret ? { [spec.auth.header]: `${spec.auth.prefix}${key.secret.reveal()}` } : {}),
        },
        body: [written.body],
        stream: false,
      },
    }
  }
  return undefined
}

function pingRequest(model: string) {
  const parts = [{ type: 'text', text: 'ping' } as const]
  const messages = [{ role: 'user', parts } as const]
  return { model, messages, tools: [], stop: [], stream: false, streamUsage: false, maxOutputTokens: probeTokens }
}

/** Takes any whole answer: that there is one is what was asked. */
function anyAnswer(): AnswerLane<unknown> {
  return {
    state: 'quiet',
    progress: 0,
    failure: undefined,
    usage: undefined,
    losses: [],
    whole: () => true,
    push: () => undefined,
    end: () => undefined,
    take: () => undefined,
  }
}
