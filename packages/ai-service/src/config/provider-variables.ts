// The variables of one provider: its key, or the file that stands in for it, and its base URL.
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import type { LiveReference } from '../secrets/live-source.ts'
import type { Environment } from '../secrets/sources.ts'
import { type Building, variable } from './building.ts'
import { readVariableFile } from './variable-file.ts'

export interface VariableKey {
  readonly variable: string
  readonly value: string
  /** The file that stands in for the variable. */
  readonly source?: LiveReference
}

/** The value of a provider's key variable, or of the file that stands in for it. */
export async function keyFromEnvironment(spec: ProviderSpec, building: Building): Promise<VariableKey | undefined> {
  for (const name of spec.keyVariables) {
    const value = variable(building.env, name)
    if (value !== undefined) return { variable: name, value }
  }
  for (const name of spec.keyVariables) {
    const file = await readVariableFile(name, building)
    if (file !== undefined) return { variable: name, ...file }
  }
  return undefined
}

/** The provider's first base-URL variable that is set. */
export function baseUrlFromEnvironment(spec: ProviderSpec, env: Environment): string | undefined {
  return spec.baseUrlVariables.find((name) => variable(env, name) !== undefined)
}
