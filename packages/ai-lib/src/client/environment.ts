// The one place where the library reads the process environment: keys, base URLs and proxies that nobody passed in.
import { env } from 'node:process'
import type { ProviderSpec } from '../providers/provider.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const processEnvironment: Environment = env

/** The first variable of the list that is set and not empty. */
export function firstOf(variables: readonly string[], environment: Environment): string | undefined {
  for (const name of variables) if (environment[name]) return environment[name]
  return undefined
}

/** Explicit options come before the environment, the environment before the data file. */
export function baseUrlOf(
  spec: ProviderSpec,
  explicit: string | undefined,
  environment: Environment,
): string | undefined {
  return explicit ?? firstOf(spec.baseUrlVariables, environment) ?? spec.baseUrl
}
