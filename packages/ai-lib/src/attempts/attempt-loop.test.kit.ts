// What tests of the attempt loop share: targets with hand-written answers, a run over them, and what it came to.
import { Secret } from '../errors/secret.ts'
import type { AiError } from '../errors/ai-error.ts'
import { chooseLane } from '../lanes/choose-lane.ts'
import { createPassLane } from '../lanes/pass.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import { providerSpecs } from '../providers/registry.ts'
import type { AttemptPlan, LoopOutcome } from './attempt-plan.ts'
import { runAttempts } from './attempt-loop.ts'
import { FakeClock, type FakeFlight, fakeChannel, wholeAnswer } from './attempt.test.kit.ts'
import { EndpointHealth } from './endpoint-health.ts'
import { KeyPool } from './key-pool.ts'
import { RetryBudget } from './retry-budget.ts'
import { type Target, unweighed } from './target.ts'
import { TargetRoute } from './target-route.ts'

const openai = providerSpecs.get('openai')
const lane = openai && chooseLane('chat', openai)
if (!openai || lane?.kind !== 'same') throw new Error('openai speaks chat')
const spec = openai
const same = lane

export type Answerer = (flight: FakeFlight, index: number) => void
export const ok: Answerer = (flight) => queueMicrotask(() => flight.answer(200, wholeAnswer))
export const status =
  (
    code: number,
    headers: Record<string, string> = {},
    body: unknown = { error: { message: 'no', type: 'x' } },
  ): Answerer =>
  (flight) =>
    queueMicrotask(() => flight.answer(code, body, headers))
/** The n-th request gets the n-th answer; the last one repeats. */
export const inTurn =
  (...answers: readonly Answerer[]): Answerer =>
  (flight, index) =>
    (answers[index] ?? answers.at(-1) ?? ok)(flight, index)

export interface Hop {
  readonly target: Target
  readonly flights: FakeFlight[]
  readonly keys: KeyPool
  readonly budget: RetryBudget
}

export function hop(name: string, answer: Answerer, keyNames: readonly string[] = ['k1']): Hop {
  const { channel, flights } = fakeChannel(answer)
  const keys = new KeyPool(keyNames.map((key) => ({ name: key, secret: new Secret(`sk-${name}-${key}`) })))
  const budget = new RetryBudget()
  const timeouts = { headMs: 5_000, firstTokenMs: 10_000, idleMs: 10_000, totalMs: 60_000 }
  const upstream = { spec, channel, basePath: '/v1', headers: {}, keys, timeouts, retryBudget: budget }
  const target = { endpoint: name, upstream, model: `${name}-model`, lane: same, ...unweighed(new EndpointHealth()) }
  return { target, flights, keys, budget }
}

export const body = [Buffer.from('{"model":"m","messages":['), Buffer.from(']}')]
export const prepared: PreparedRequest = { lane: 'pass', body, losses: [], dropsUsage: false, streamUsage: true }

export interface Ran {
  readonly outcome: LoopOutcome<Buffer>
  readonly clock: FakeClock
}

export async function run(
  hops: readonly Hop[],
  more: Partial<AttemptPlan<Buffer>> = {},
  signal?: AbortSignal,
): Promise<Ran> {
  const clock = new FakeClock()
  const plan: AttemptPlan<Buffer> = {
    route: TargetRoute.inOrder(hops.map(({ target }) => target)),
    prepare: () => prepared,
    openLane: () => createPassLane(same.operation.wire, false),
    stream: false,
    headers: { 'user-agent': 'test' },
    maxRetries: 2,
    commit: { holdMs: 1_000, bytes: 4_096 },
    scrub: (text) => text,
    ...more,
  }
  const outcome = await runAttempts(plan, { clock, random: () => 0.5 }, signal ?? new AbortController().signal)
  return { outcome, clock }
}

export function errorOf({ outcome }: Ran): AiError {
  if (outcome.kind !== 'failed') throw new Error(outcome.kind)
  return outcome.error
}
export const outcomes = ({ outcome }: Ran): readonly string[] =>
  outcome.attempts.map(({ endpoint, outcome: came }) => `${endpoint} ${came}`)
export const keysUsed = ({ flights }: Hop): readonly (string | undefined)[] =>
  flights.map(({ request }) => request.headers['authorization'])
