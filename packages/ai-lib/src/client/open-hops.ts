// The providers that a client asks, in order: each with its own connections, keys and model.
import { EndpointHealth } from '../attempts/endpoint-health.ts'
import { type HealthMark, type Target, unweighed, type Upstream } from '../attempts/target.ts'
import { findModel } from '../catalog/catalogue.ts'
import { comparablePrice } from '../catalog/prices.ts'
import { type ChatOperation, chatOperations } from '../dialects/registry.ts'
import { AiError } from '../errors/ai-error.ts'
import type { ProviderSpec } from '../providers/provider.ts'
import { type Provider, providerSpecs } from '../providers/registry.ts'
import type { Transport } from '../transport/transport.ts'
import { nearestNames } from '../catalog/nearest-names.ts'
import { checkOptions } from './check-options.ts'
import { type ConnectionOptions, openUpstream } from './connection-options.ts'
import { baseUrlOf, type Environment, generalTargets, keyOfEnvironment } from './environment.ts'

/** What belongs to a client as a whole rather than to one provider of its list. */
export type WholeClientOption = 'maxRetries' | 'metrics' | 'cache' | 'audit'

/** A provider of a failover list, with what is special to it. */
export interface FailoverProvider extends Omit<ConnectionOptions, WholeClientOption> {
  readonly provider: Provider
  /** The model asked for there; default: the request's model where the catalogue knows it there, else its default. */
  readonly model?: string | undefined
}

export interface Hop {
  readonly spec: ProviderSpec
  readonly upstream: Upstream
  readonly model: string | undefined
  /** Base URL. */
  readonly address: string | undefined
  readonly health: EndpointHealth
  /** Its name in a model array; absent: the provider's. */
  readonly endpoint?: string
  /** Default 1. */
  readonly weight?: number
  readonly mark?: HealthMark
}

/** One provider, or several in order of preference. */
export type ProviderList = Provider | readonly (Provider | FailoverProvider)[]

/** @throws AiError `config_invalid`: unknown provider, empty list, one key for several vendors, unusable option. */
export function openHops(
  providers: ProviderList,
  options: ConnectionOptions,
  transport: Transport,
  environment: Environment,
): readonly [Hop, ...Hop[]] {
  checkOptions(options)
  const isList = typeof providers !== 'string'
  const entries = (isList ? providers : [providers]).map((entry) => entryOf(entry, options))
  // One vendor's key must not travel to another because both stand in one list.
  const names = new Set(entries.map(({ spec }) => spec.name))
  if (options.apiKey !== undefined && names.size > 1)
    throw new AiError('config_invalid', {
      message: 'Give each provider of a failover list an apiKey of its own.',
      param: 'apiKey',
    })
  const general = generalTargets(
    entries.map(({ spec, options: own }) => ({ spec, ...own })),
    environment,
  )
  const [first, ...further] = entries.map(({ spec, model, options: own }) => {
    const apiKey = own.apiKey ?? (general.key === spec.name ? keyOfEnvironment(['AI_API_KEY'], environment) : undefined)
    const baseUrl = own.baseUrl ?? (general.baseUrl === spec.name ? environment['AI_BASE_URL'] || undefined : undefined)
    const address = baseUrlOf(spec, baseUrl, environment)
    const upstream = openUpstream(spec, { ...own, apiKey, baseUrl }, transport, environment)
    return { spec, model, address, upstream, health: new EndpointHealth() }
  })
  if (!first) throw new AiError('config_invalid', { message: 'A failover list needs at least one provider.' })
  return [first, ...further]
}

interface Entry {
  readonly spec: ProviderSpec
  readonly model: string | undefined
  readonly options: ConnectionOptions
}

function entryOf(entry: Provider | FailoverProvider, common: ConnectionOptions): Entry {
  if (typeof entry === 'string') return { spec: specOf(entry), model: undefined, options: common }
  const { provider, model, ...own } = entry
  const spec = specOf(provider)
  checkOptions(own, ` of ${spec.name}`)
  for (const name of ['maxRetries', 'metrics', 'cache', 'audit'])
    if (name in own)
      throw new AiError('config_invalid', {
        message: `The option ${name} is of the whole client: give it beside the list, not to ${spec.name}.`,
        param: name,
      })
  // What an entry leaves undefined is left to the common options.
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  return { spec, model, options: { ...common, ...given } }
}

function specOf(provider: string): ProviderSpec {
  const spec = providerSpecs.get(provider)
  if (spec) return spec
  const [near] = nearestNames(String(provider), providerSpecs.keys())
  const hint = near === undefined ? 'Provider has their names' : `did you mean ${near}?`
  throw new AiError('config_invalid', { message: `There is no provider ${provider}: ${hint}`, param: 'provider' })
}

/** @throws AiError where the provider has no chat that this version speaks, or no model is named. */
export function targetOf(hop: Hop, asked: string | undefined, index: number): Target {
  const { spec, upstream, health, endpoint = spec.name, weight, mark } = hop
  const chosen = modelFor(spec, hop.model, asked, index)
  const facts = findModel(spec.name, chosen)
  const price = facts && comparablePrice(facts, Date.now())
  for (const speaks of spec.speaks) {
    const chat = chatOperations[speaks.dialect]
    if (chat && speaks.operations.includes(chat.operation.id)) {
      return {
        endpoint,
        upstream,
        model: chosen,
        lane: { kind: 'same', operation: chat.operation, speaks },
        ...unweighed(health),
        ...(weight === undefined ? {} : { weight }),
        ...(mark === undefined ? {} : { mark }),
        ...(price === undefined ? {} : { price }),
        ...(facts?.maxOutputTokens === undefined ? {} : { maxOutputTokens: facts.maxOutputTokens }),
      }
    }
  }
  throw new AiError('service_not_available', { message: `${spec.label} has no chat that this version speaks.` })
}

// One vendor's model name means nothing to another: a hop takes the asked name only where it is known to have it.
function modelFor(spec: ProviderSpec, own: string | undefined, asked: string | undefined, index: number): string {
  if (own !== undefined) return own
  const isTheirs = asked !== undefined && asked !== '' && (index === 0 || findModel(spec.name, asked) !== undefined)
  const chosen = isTheirs ? asked : spec.defaultChatModel
  if (chosen) return chosen
  throw new AiError('caller_missing_field', {
    message: `Name a model: ${spec.label} has no default here.`,
    param: 'model',
  })
}

export function chatOf({ lane, endpoint }: Target): ChatOperation {
  const chat = lane.kind === 'same' ? chatOperations[lane.speaks.dialect] : lane.to
  if (!chat) throw new AiError('service_internal', { message: `${endpoint} has no chat.` })
  return chat
}
