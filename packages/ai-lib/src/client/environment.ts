// The one place where the library reads the process environment: keys, base URLs and proxies that nobody passed in.
import { env } from 'node:process'
import { AiError } from '../errors/ai-error.ts'
import type { ProviderSpec } from '../providers/provider.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const processEnvironment: Environment = env

/** The first variable of the list that is set and not empty. */
export function firstOf(variables: readonly string[], environment: Environment): string | undefined {
  for (const name of variables) if (environment[name]) return environment[name]
  return undefined
}

/** A key of the environment. @throws AiError `config_invalid` naming the variable whose value cannot be one. */
export function keyOfEnvironment(variables: readonly string[], environment: Environment): string | undefined {
  const name = variables.find((variable) => environment[variable])
  const value = name === undefined ? undefined : environment[name]
  if (value === undefined || /^[\x21-\x7e]+$/.test(value)) return value
  throw new AiError('config_invalid', {
    message: `The environment variable ${name} holds blanks, line ends or what is no ASCII: it is no key.`,
    param: name ?? '',
  })
}

/** Explicit options come before the environment, the environment before the data file. */
export function baseUrlOf(
  spec: ProviderSpec,
  explicit: string | undefined,
  environment: Environment,
): string | undefined {
  return explicit ?? firstOf(spec.baseUrlVariables, environment) ?? spec.baseUrl
}

/** What the general variables say for a connection that says nothing itself. */
export interface GeneralSettings {
  readonly proxy?: string
  readonly timeoutMs?: number
  readonly poolSize?: number
  readonly idleTimeoutMs?: number
}

/**
 * `AI_PROXY_URL`, `AI_TIMEOUT_SECS`, `AI_HTTP_POOL_MAX_IDLE_PER_HOST` and `AI_HTTP_POOL_IDLE_TIMEOUT_MS`.
 * @throws AiError `config_invalid` naming the variable.
 */
export function generalSettings(environment: Environment): GeneralSettings {
  const proxy = environment['AI_PROXY_URL']?.trim()
  const seconds = wholeNumber('AI_TIMEOUT_SECS', 2_147_483, environment)
  const poolSize = wholeNumber('AI_HTTP_POOL_MAX_IDLE_PER_HOST', 10_000, environment)
  const idleTimeoutMs = wholeNumber('AI_HTTP_POOL_IDLE_TIMEOUT_MS', 2_147_483_647, environment)
  return {
    ...(proxy ? { proxy } : {}),
    ...(seconds === undefined ? {} : { timeoutMs: seconds * 1_000 }),
    ...(poolSize === undefined ? {} : { poolSize }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  }
}

/** A provider of a client that lacks a key or an address of its own. */
export interface Wanting {
  readonly spec: ProviderSpec
  readonly apiKey?: unknown
  readonly baseUrl?: string | undefined
}

/**
 * What `AI_API_KEY` and `AI_BASE_URL` are for: the one provider of a client that has none of its own. Where several
 * could be meant they are for none, because one vendor's key must not travel to another.
 */
export function generalTargets(
  hops: readonly Wanting[],
  environment: Environment,
): { readonly key: string | undefined; readonly baseUrl: string | undefined } {
  const keyless = hops.filter(
    ({ spec, apiKey }) => apiKey === undefined && firstOf(spec.keyVariables, environment) === undefined,
  )
  const addressless = hops.filter(
    ({ spec, baseUrl }) => baseUrl === undefined && firstOf(spec.baseUrlVariables, environment) === undefined,
  )
  return { key: onlyName(keyless), baseUrl: onlyName(addressless) }
}

function onlyName(hops: readonly Wanting[]): string | undefined {
  const names = new Set(hops.map(({ spec }) => spec.name))
  return names.size === 1 ? hops[0]?.spec.name : undefined
}

function wholeNumber(name: string, max: number, environment: Environment): number | undefined {
  const text = environment[name]?.trim()
  if (!text) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw new AiError('config_invalid', {
    message: `The environment variable ${name} is no whole number from 1 to ${max}: correct it or unset it.`,
    param: name,
  })
}
