// The variables of one provider: its key, or the file that stands in for it, and its base URL.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import type { LiveReference } from '../secrets/live-source.ts'
import { type Environment, errorCodeOf } from '../secrets/sources.ts'
import { type Building, variable } from './building.ts'

export interface VariableKey {
  readonly variable: string
  readonly value: string
  /** The file that stands in for the variable. */
  readonly source?: LiveReference
}

/** The value of a provider's key variable, or of the file that stands in for it. */
export async function keyFromEnvironment(
  spec: ProviderSpec,
  { env, secretsFolder, secretFiles, findings }: Building,
): Promise<VariableKey | undefined> {
  for (const name of spec.keyVariables) {
    const value = variable(env, name)
    if (value !== undefined) return { variable: name, value }
  }
  for (const name of spec.keyVariables) {
    try {
      const value = (await readFile(join(secretsFolder, name), 'utf8')).replace(/\r?\n$/, '')
      if (value.trim() === '') continue
      const path = join(secretsFolder, name)
      secretFiles.add(path)
      const source: LiveReference = { kind: 'file', path, text: `file:${path}` }
      return { variable: name, value, source }
    } catch (error) {
      const code = errorCodeOf(error)
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        findings.warn(`${join(secretsFolder, name)} cannot be read (${code}).`)
    }
  }
  return undefined
}

/** The provider's first base-URL variable that is set. */
export function baseUrlFromEnvironment(spec: ProviderSpec, env: Environment): string | undefined {
  return spec.baseUrlVariables.find((name) => variable(env, name) !== undefined)
}
