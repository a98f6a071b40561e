// The client that applications embed: one API, many providers, failover in order.
import { type AttemptPlan, type LoopOutcome, runAttempts } from '../attempts/attempt-loop.ts'
import { systemClock } from '../attempts/clock.ts'
import type { Target, Upstream } from '../attempts/target.ts'
import { findModel } from '../catalog/catalogue.ts'
import type { ChatEvent } from '../chat/events.ts'
import { foldEvents } from '../chat/fold-events.ts'
import type { ChatRequest } from '../chat/request.ts'
import { type ChatOperation, chatOperations } from '../dialects/registry.ts'
import { AiError } from '../errors/ai-error.ts'
import { createEventsLane } from '../lanes/translate.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import type { ProviderSpec } from '../providers/provider.ts'
import { type Provider, providerSpecs } from '../providers/registry.ts'
import { createUndiciTransport } from '../transport/undici-transport.ts'
import {
  canonicalRequest,
  type ChatCompletionRequest,
  type ChatCompletionResponse,
  completionOf,
} from './chat-completion.ts'
import { type ConnectionOptions, openUpstream } from './connection-options.ts'
import { processEnvironment } from './environment.ts'
import { type ChatCompletionEvent, eventsOf } from './event-queue.ts'
import { errorOfFailure } from '../attempts/failure-error.ts'

export interface CallOptions {
  /** Aborting ends retries, waiting and the upstream's socket. */
  readonly signal?: AbortSignal
}

/** A provider of a failover list, with what is special to it. */
export interface FailoverProvider extends ConnectionOptions {
  readonly provider: Provider
  /** The model asked for there; default: the request's model where the catalogue knows it there, else its default. */
  readonly model?: string
}

interface Hop {
  readonly spec: ProviderSpec
  readonly upstream: Upstream
  readonly model: string | undefined
}

const defaultRetries = 2
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
  readonly #maxRetries: number

  /**
   * @param provider one provider, or several in order of preference (as `withFailover` takes them).
   * @throws AiError `config_invalid` for an unknown provider, an empty list, one `apiKey` for several vendors or an
   *   unusable option.
   */
  constructor(provider: Provider | readonly (Provider | FailoverProvider)[], options: ConnectionOptions = {}) {
    const entries = typeof provider === 'string' ? [provider] : provider
    // One vendor's key must not travel to another because both stand in one list.
    const names = new Set(entries.map((entry) => (typeof entry === 'string' ? entry : entry.provider)))
    if (options.apiKey !== undefined && names.size > 1)
      throw new AiError('config_invalid', { message: 'Give each provider of a failover list an apiKey of its own.' })
    const [first, ...further] = entries.map((entry) =>
      openHop(typeof entry === 'string' ? { ...options, provider: entry } : { ...options, ...entry }),
    )
    if (!first) throw new AiError('config_invalid', { message: 'A failover list needs at least one provider.' })
    this.#hops = [first, ...further]
    this.#maxRetries = options.maxRetries ?? defaultRetries
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

  /** Name of the provider that is asked first. */
  get currentProvider(): string {
    return this.#hops[0].spec.name
  }

  /** The chat model of the provider that is asked first; empty where its data file names none. */
  get defaultChatModel(): string {
    return this.#hops[0].spec.defaultChatModel ?? ''
  }

  /**
   * One whole answer.
   * @throws AiError with the code that says who is to blame, once every allowed attempt is spent.
   */
  async chatCompletion(request: ChatCompletionRequest, { signal }: CallOptions = {}): Promise<ChatCompletionResponse> {
    const outcome = await this.#run(request, false, signal)
    if (outcome.kind !== 'whole') throw new AiError('provider_invalid_response')
    const folded = foldEvents(outcome.out)
    if (folded.kind === 'failed') throw errorOfFailure(folded.failure, unscrubbed, false)
    const losses = [...outcome.prepared.losses, ...outcome.lane.losses]
    return completionOf(folded.message, outcome.target.upstream.spec.name, losses)
  }

  /**
   * The events of an answer as they come. Leaving the loop early ends the provider's work.
   * @throws AiError from the loop; a stream that ends early throws `provider_truncated`, never ends quietly.
   */
  async *chatCompletionStream(
    request: ChatCompletionRequest,
    { signal }: CallOptions = {},
  ): AsyncGenerator<ChatCompletionEvent> {
    const outcome = await this.#run(request, true, signal)
    if (outcome.kind !== 'stream') throw new AiError('provider_invalid_response')
    yield* eventsOf(outcome.stream, unscrubbed, signal)
  }

  /** Closes the connections once what is under way has ended. */
  async close(): Promise<void> {
    for (const { upstream } of this.#hops) upstream.release?.()
    await Promise.all(this.#hops.map(({ upstream }) => upstream.channel.close()))
  }

  toJSON(): { readonly providers: readonly string[] } {
    return { providers: this.#hops.map(({ spec }) => spec.name) }
  }

  async #run(request: ChatCompletionRequest, stream: boolean, signal: AbortSignal | undefined): Promise<Answered> {
    const plan: AttemptPlan<readonly ChatEvent[]> = {
      targets: this.#hops.map((hop, index) => targetOf(hop, request.model, index)),
      prepare: (target) => prepare(target, canonicalRequest(request, target.model, stream)),
      openLane: (target) => createEventsLane(chatOf(target).dialect.createReader()),
      stream,
      headers: { 'user-agent': 'ai-lib' },
      maxRetries: this.#maxRetries,
      commit,
      scrub: unscrubbed,
    }
    const outcome = await runAttempts(
      plan,
      { clock: systemClock, random: Math.random },
      signal ?? new AbortController().signal,
    )
    if (outcome.kind === 'failed') throw outcome.error
    if (outcome.kind === 'left') throw new AiError('caller_left', {}, { cause: signal?.reason })
    return outcome
  }
}

type Answered = Extract<LoopOutcome<readonly ChatEvent[]>, { kind: 'whole' | 'stream' }>

// The application owns the keys and addresses that a provider might repeat; the service scrubs, because its callers do not.
const unscrubbed = (text: string): string => text

function openHop({ provider, model, ...options }: FailoverProvider): Hop {
  const spec = providerSpecs.get(provider)
  if (!spec) throw new AiError('config_invalid', { message: `There is no provider ${provider}.` })
  return { spec, upstream: openUpstream(spec, options, createUndiciTransport(), processEnvironment), model }
}

function targetOf(hop: Hop, asked: string | undefined, index: number): Target {
  const { spec, upstream } = hop
  const model = modelFor(hop, asked, index)
  const { maxOutputTokens } = findModel(spec.name, model) ?? {}
  for (const speaks of spec.speaks) {
    const chat = chatOperations[speaks.dialect]
    if (chat && speaks.operations.includes(chat.operation.id)) {
      const lane = { kind: 'same', operation: chat.operation, speaks } as const
      return {
        endpoint: spec.name,
        upstream,
        model,
        lane,
        ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      }
    }
  }
  throw new AiError('service_not_available', { message: `${spec.label} has no chat that this version speaks.` })
}

// One vendor's model name means nothing to another: a hop takes the asked name only where it is known to have it.
function modelFor(hop: Hop, asked: string | undefined, index: number): string {
  const { spec, model } = hop
  if (model !== undefined) return model
  const isTheirs = asked !== undefined && asked !== '' && (index === 0 || findModel(spec.name, asked) !== undefined)
  const chosen = isTheirs ? asked : spec.defaultChatModel
  if (!chosen)
    throw new AiError('caller_missing_field', {
      message: `Name a model: ${spec.label} has no default here.`,
      param: 'model',
    })
  return chosen
}

function chatOf(target: Target): ChatOperation {
  const chat = target.lane.kind === 'same' ? chatOperations[target.lane.speaks.dialect] : target.lane.to
  if (!chat) throw new AiError('service_internal', { message: `${target.endpoint} has no chat.` })
  return chat
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
