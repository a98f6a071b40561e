// The client that applications embed: one API, many providers, failover in order.
import type { AttemptPlan, LoopOutcome } from '../attempts/attempt-plan.ts'
import { runAttempts } from '../attempts/attempt-loop.ts'
import { systemClock } from '../attempts/clock.ts'
import { errorOfFailure } from '../attempts/failure-error.ts'
import type { Target } from '../attempts/target.ts'
import { balancers } from '../attempts/balancers/registry.ts'
import type { ChatEvent } from '../chat/events.ts'
import { foldEvents } from '../chat/fold-events.ts'
import type { ChatRequest } from '../chat/request.ts'
import { AiError } from '../errors/ai-error.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import { createEventsLane } from '../lanes/translate.ts'
import { GuardedMetrics } from '../metrics/guarded-metrics.ts'
import type { Provider } from '../providers/registry.ts'
import { sanitizeLog } from '../redaction/sanitize-log.ts'
import { createHttpTransport } from '../transport/http-transport.ts'
import { AuditedCall, type AuditSink } from './audit-logger.ts'
import { type BatchOptions, type BatchResult, recordBatch, runBatch } from './batch.ts'
import {
  canonicalRequest,
  type ChatCompletionRequest,
  type ChatCompletionResponse,
  completionOf,
} from './chat-completion.ts'
import { CompletionMemory } from './completion-memory.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { processEnvironment } from './environment.ts'
import { type EmbeddingRequest, type EmbeddingResponse, embeddingPlan, embeddingsOf } from './embeddings.ts'
import { type ChatCompletionEvent, eventsOf } from './event-queue.ts'
import { checkHealth, type HealthCheckOptions, type HealthCheckResult } from './health-check.ts'
import { HopRoutes } from './hop-routes.ts'
import { listModels } from './list-models.ts'
import type { ModelArray } from './model-array.ts'
import { openArray } from './open-array.ts'
import { withKeyHint } from './missing-key.ts'
import { chatOf, type FailoverProvider, type Hop, openHops, type ProviderList } from './open-hops.ts'
import { type CallEnd, StreamCount, WatchedCall, watchedStream } from './watched-call.ts'

/** What belongs to one call rather than to the request. */
export interface CallOptions {
  /** Aborting ends retries, waiting and the upstream's socket. */
  readonly signal?: AbortSignal | undefined
}

const defaultRetries = 2
/** For calls that are audited and not counted. */
const unheard = new GuardedMetrics({})
const commit = { holdMs: 15_000, bytes: 256 * 1024 }

/**
 * Talks to one provider, or to several in order of preference.
 *
 * @example
 * ```ts
 * import { AiClient, Message, Provider } from 'ai-lib'
 *
 * async function ask(question: string): Promise<string> {
 *   const client = new AiClient(Provider.OpenAI, { timeoutMs: 30_000 })
 *   const answer = await client.chatCompletion({ model: client.defaultChatModel, messages: [Message.user(question)] })
 *   return answer.firstText()
 * }
 * ```
 */
export class AiClient {
  readonly #hops: readonly [Hop, ...Hop[]]
  readonly #routes: HopRoutes
  readonly #maxRetries: number
  readonly #metrics: GuardedMetrics | undefined
  readonly #streams = new StreamCount()
  readonly #memory: CompletionMemory | undefined
  readonly #audit: AuditSink | undefined

  /**
   * Sends nothing yet. Two clients share nothing: no connections, keys or metrics.
   *
   * @param provider one provider, or several in order of preference (as `withFailover` takes them).
   * @param array endpoints that share requests, for one provider (as `withModelArray` takes them).
   * @throws AiError `config_invalid` for an unknown provider, an empty list, one `apiKey` for several vendors or an
   *   unusable option; `details.param` names it.
   */
  constructor(provider: ProviderList, options: ConnectionOptions = {}, array?: ModelArray) {
    this.#hops = open(provider, options, array)
    this.#routes = new HopRoutes(this.#hops, array && balancers[array.strategy])
    this.#maxRetries = options.maxRetries ?? defaultRetries
    this.#metrics = options.metrics && new GuardedMetrics(options.metrics)
    this.#audit = options.audit
    this.#memory = options.cache && new CompletionMemory(options.cache, identityOf(this.#hops))
  }

  /**
   * A client that asks the providers in order: the next one where an answer cannot be had, never after it has begun.
   *
   * @example
   * ```ts
   * import { AiClient, Provider } from 'ai-lib'
   *
   * export function resilient(): AiClient {
   *   return AiClient.withFailover([Provider.OpenAI, { provider: Provider.Anthropic, model: 'claude-sonnet-4-5' }])
   * }
   * ```
   */
  static withFailover(providers: readonly (Provider | FailoverProvider)[], options: ConnectionOptions = {}): AiClient {
    return new AiClient(providers, options)
  }

  /**
   * A client whose requests the endpoints of an array share, by the array's strategy. One that fails again and again
   * gets nothing until it recovers; one marked `healthy: false` gets nothing at all.
   *
   * @example
   * ```ts
   * import { AiClient, LoadBalancingStrategy, ModelArray, Provider } from 'ai-lib'
   *
   * const production = new ModelArray('production', { strategy: LoadBalancingStrategy.HealthBased })
   *   .addEndpoint({ name: 'us-east-1', url: 'https://api-east.example.com/v1', weight: 1.0, healthy: true })
   *   .addEndpoint({ name: 'us-west-1', url: 'https://api-west.example.com/v1', weight: 0.8, healthy: true })
   * export const routed = AiClient.withModelArray(Provider.OpenAI, production, { apiKey: 'sk-...' })
   * ```
   * @throws AiError `config_invalid` for an array without endpoints, or a `baseUrl` beside it.
   */
  static withModelArray(provider: Provider, array: ModelArray, options: ConnectionOptions = {}): AiClient {
    return new AiClient(provider, options, array)
  }

  /** Name of the provider that is asked first. */
  get currentProvider(): string {
    return this.#hops[0].spec.name
  }

  /** The chat model of the provider that is asked first; empty where its data file names none. */
  get defaultChatModel(): string {
    return this.#hops[0].spec.defaultChatModel ?? ''
  }

  /**
   * One whole answer: of a provider, or of the client's `cache`, where it is there.
   * @throws AiError with the code that says who is to blame, once every allowed attempt is spent.
   */
  async chatCompletion(request: ChatCompletionRequest, { signal }: CallOptions = {}): Promise<ChatCompletionResponse> {
    return this.#answer(request, signal, this.#memory)
  }

  async #answer(
    request: ChatCompletionRequest,
    signal: AbortSignal | undefined,
    memory: CompletionMemory | undefined,
  ): Promise<ChatCompletionResponse> {
    const call = this.#watch(request, false)
    try {
      const key = memory?.keyOf(request) ?? ''
      const recalled = await memory?.recall(key)
      if (memory) call?.lookedUp(recalled !== undefined)
      if (recalled) return recalled
      const outcome = await this.#run(request, false, signal, call)
      if (outcome.kind !== 'whole') throw new AiError('provider_invalid_response')
      const folded = foldEvents(outcome.out)
      if (folded.kind === 'failed') throw errorOfFailure(folded.failure, this.#scrub, false)
      const losses = [...outcome.prepared.losses, ...outcome.lane.losses]
      call?.completed(folded.message.isUsageReported ? folded.message.usage : undefined)
      const provider = outcome.target.upstream.spec.name
      await memory?.keep(key, { message: folded.message, provider, losses })
      return completionOf(folded.message, provider, losses)
    } catch (thrown) {
      call?.failed(thrown)
      throw thrown
    }
  }

  /**
   * The events of an answer as they come. Leaving the loop early ends the provider's work.
   *
   * @example
   * ```ts
   * import { AiClient, Message, Provider } from 'ai-lib'
   *
   * const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...' })
   * for await (const event of client.chatCompletionStream({ messages: [Message.user('Tell me a story.')] }))
   *   if (event.type === 'part-delta') process.stdout.write(event.text)
   * ```
   * @throws AiError from the loop; a stream that ends early throws `provider_truncated`, never ends quietly.
   */
  async *chatCompletionStream(
    request: ChatCompletionRequest,
    { signal }: CallOptions = {},
  ): AsyncGenerator<ChatCompletionEvent> {
    const call = this.#watch(request, true)
    try {
      const outcome = await this.#run(request, true, signal, call)
      if (outcome.kind !== 'stream') throw new AiError('provider_invalid_response')
      yield* eventsOf(call ? watchedStream(outcome.stream, call) : outcome.stream, this.#scrub, signal)
      call?.completed()
    } catch (thrown) {
      call?.failed(thrown)
      throw thrown
    } finally {
      call?.left()
    }
  }

  /**
   * Many whole answers, at most `concurrency` (default 8) under way at one time. Results come in the order of the
   * requests, each settled for itself: one that fails costs no other its answer.
   *
   * @example
   * ```ts
   * import { AiClient, Message, Provider } from 'ai-lib'
   *
   * const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...' })
   * const questions = ['What is a monad?', 'What is a gonad?'].map((text) => ({ messages: [Message.user(text)] }))
   * for (const result of await client.chatCompletionBatch(questions, { concurrency: 4 }))
   *   console.log(result.kind === 'answered' ? result.response.firstText() : result.error.code)
   * ```
   * @throws AiError `caller_invalid_request` for a concurrency that is no whole number above 0; nothing else.
   */
  async chatCompletionBatch(
    requests: readonly ChatCompletionRequest[],
    options: BatchOptions = {},
  ): Promise<readonly BatchResult[]> {
    const results = await runBatch(requests, options, (request, signal) => this.chatCompletion(request, { signal }))
    if (this.#metrics) recordBatch(this.#metrics, results)
    return results
  }

  /**
   * Asks for a word, as a request would: proves address, key, model and answer. It costs a few tokens, and a cached answer
   * never stands in for it. Never rejects.
   *
   * @example
   * ```ts
   * import { AiClient, Provider } from 'ai-lib'
   *
   * const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...' })
   * const { healthy, latencyMs, error } = await client.healthCheck({ timeoutMs: 5_000 })
   * console.log(healthy ? `well, after ${latencyMs} ms` : error?.code)
   * ```
   */
  healthCheck(options: HealthCheckOptions = {}): Promise<HealthCheckResult> {
    return checkHealth((request, signal) => this.#answer(request, signal, undefined), options)
  }

  /**
   * Names of the models of the provider that is asked first, as it lists them itself; those of the catalogue where it
   * has no such route. Costs no tokens.
   * @throws AiError where it cannot be asked: `provider_unreachable`, `provider_key_refused`, …
   */
  listModels({ signal }: CallOptions = {}): Promise<readonly string[]> {
    return listModels(this.#hops[0].upstream, signal)
  }

  /**
   * Vectors of texts, of the provider that is asked first and of the model that is named; never of another one's, because
   * they would not compare.
   *
   * @example
   * ```ts
   * import { AiClient, Provider } from 'ai-lib'
   *
   * const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...' })
   * const { vectors } = await client.embed({ model: 'text-embedding-3-small', input: ['one', 'two'] })
   * console.log(vectors.length, vectors[0]?.length)
   * ```
   * @throws AiError `service_not_available` where the provider has no embeddings; else as `chatCompletion` does.
   */
  async embed(request: EmbeddingRequest, { signal }: CallOptions = {}): Promise<EmbeddingResponse> {
    // Audited like every request; its texts are no messages, and are written down nowhere.
    const asked = { model: request.model, messages: [], ...(request.user === undefined ? {} : { user: request.user }) }
    const call = this.#watch(asked, false)
    try {
      const outcome = await this.#attempt(embeddingPlan(this.#hops, request), signal, call)
      if (outcome.kind !== 'whole') throw new AiError('provider_invalid_response')
      const { usage } = outcome.lane
      const answer = embeddingsOf(outcome.out, request, outcome.target.upstream.spec.name, usage)
      call?.completed(usage)
      return answer
    } catch (thrown) {
      call?.failed(thrown)
      throw thrown
    }
  }

  /** Closes the connections once what is under way has ended. */
  async close(): Promise<void> {
    for (const { upstream } of this.#hops) upstream.release?.()
    await Promise.all(this.#hops.map(({ upstream }) => upstream.channel.close()))
  }

  toJSON(): { readonly providers: readonly string[] } {
    return { providers: this.#hops.map(({ spec }) => spec.name) }
  }

  // Providers repeat keys in what they say, and applications log what is thrown. Addresses are the application's own.
  readonly #scrub = (text: string): string =>
    sanitizeLog(
      text,
      this.#hops.flatMap(({ upstream }) => upstream.keys.secrets()),
    )

  /** @throws AiError `service_audit_away`. */
  #watch(request: ChatCompletionRequest, stream: boolean): WatchedCall | undefined {
    const audited = this.#audit && new AuditedCall(this.#audit, request, stream)
    if (!this.#metrics && !audited) return undefined
    const { spec, model = request.model ?? spec.defaultChatModel ?? 'none' } = this.#hops[0]
    const metrics = this.#metrics ?? unheard
    const onEnd = audited && ((end: CallEnd) => audited.ended(end))
    return new WatchedCall({ metrics, provider: spec.name, model, stream, streams: this.#streams, onEnd })
  }

  #run(
    request: ChatCompletionRequest,
    stream: boolean,
    signal: AbortSignal | undefined,
    call: WatchedCall | undefined,
  ): Promise<Answered<readonly ChatEvent[]>> {
    const plan: PlanOf<readonly ChatEvent[]> = {
      route: this.#routes.of(request.model),
      prepare: (target) => prepare(target, canonicalRequest(request, target.model, stream)),
      openLane: (target) => createEventsLane(chatOf(target).dialect.createReader()),
      stream,
    }
    return this.#attempt(plan, signal, call)
  }

  /** @throws AiError where no attempt was answered. */
  async #attempt<Out>(
    special: PlanOf<Out>,
    signal: AbortSignal | undefined,
    call: WatchedCall | undefined,
  ): Promise<Answered<Out>> {
    const plan: AttemptPlan<Out> = {
      ...special,
      headers: { 'user-agent': 'ai-lib' },
      maxRetries: this.#maxRetries,
      commit,
      scrub: this.#scrub,
    }
    const parts = { clock: systemClock, random: Math.random }
    const outcome = await runAttempts(plan, parts, signal ?? new AbortController().signal)
    call?.attempted(outcome.attempts, outcome.target)
    if (outcome.kind === 'failed')
      throw withKeyHint(
        outcome.error,
        this.#hops.map(({ upstream }) => upstream),
      )
    if (outcome.kind === 'left') throw new AiError('caller_left', {}, { cause: signal?.reason })
    return outcome
  }
}

type PlanOf<Out> = Pick<AttemptPlan<Out>, 'route' | 'prepare' | 'openLane' | 'stream'>
type Answered<Out> = Extract<LoopOutcome<Out>, { kind: 'whole' | 'stream' }>

function open(provider: ProviderList, options: ConnectionOptions, array: ModelArray | undefined) {
  const transport = createHttpTransport()
  if (!array) return openHops(provider, options, transport, processEnvironment)
  if (typeof provider === 'string') return openArray(provider, array, options, transport, processEnvironment)
  throw new AiError('config_invalid', { message: 'A model array belongs to one provider.', param: 'provider' })
}

/** Differs where another provider, address or model would answer. */
function identityOf(hops: readonly Hop[]): string {
  return JSON.stringify(hops.map(({ spec, address, model }) => [spec.name, address, model ?? spec.defaultChatModel]))
}

function prepare(target: Target, request: ChatRequest): PreparedRequest {
  const { model, maxOutputTokens, upstream } = target
  const written = chatOf(target).dialect.writeRequest(request, {
    model,
    quirks: upstream.spec.quirks,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  })
  return { lane: 'translate', body: [written.body], losses: written.losses, dropsUsage: false, streamUsage: true }
}
