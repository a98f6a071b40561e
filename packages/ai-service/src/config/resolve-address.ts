// Where a provider is: written out, by region, from a variable, or where its vendor has it.
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import { type Building, variable } from './building.ts'
import type { Path } from './problem.ts'
import { baseUrlFromEnvironment } from './provider-variables.ts'
import { type BaseUrl, isPrivateHost, readBaseUrl, readUrlValue } from './url-value.ts'
import type { ProviderEntry, Wanted } from './wanted.ts'

export interface Address {
  readonly url: URL
  readonly isPrivate: boolean
}

/** The address of a provider; `undefined` for the built-in simulator, or once its problem is noted. */
export async function resolveAddress(wanted: Wanted, building: Building): Promise<Address | undefined> {
  const { name, entry, spec } = wanted
  const path: Path = ['providers', name]
  if (entry.baseUrl !== undefined) return explicitAddress(entry, entry.baseUrl, [...path, 'baseUrl'], building)
  if (entry.region !== undefined) return regionalAddress(entry, entry.region, spec, [...path, 'region'], building)
  const variableName = baseUrlFromEnvironment(spec, building.env)
  const fromVariable = variableName === undefined ? wanted.generalBaseUrl : variable(building.env, variableName)
  if (fromVariable !== undefined) {
    const parsed = readBaseUrl(fromVariable.trim())
    // Whoever writes a private address into a variable means it: there is no place there to say `private: true`.
    if (parsed.kind === 'url') return { url: parsed.url, isPrivate: entry.private ?? isPrivateHost(parsed.url) }
    building.findings.environmentProblem(variableName ?? 'AI_BASE_URL', parsed.why)
    return undefined
  }
  if (spec.baseUrl === undefined) {
    if (spec.name !== 'simulator') {
      building.findings.problem(
        path,
        `found no baseUrl, expected one${orVariable(spec)}: this provider has no address of its own`,
        'key',
      )
    }
    return undefined
  }
  const parsed = readBaseUrl(spec.baseUrl)
  if (parsed.kind === 'url') return { url: parsed.url, isPrivate: entry.private ?? isPrivateHost(parsed.url) }
  building.findings.problem(
    path,
    `found no baseUrl, expected one${orVariable(spec)} in the form ${spec.baseUrl}`,
    'key',
  )
  return undefined
}

function orVariable({ baseUrlVariables }: ProviderSpec): string {
  return baseUrlVariables[0] === undefined ? '' : ` (or ${baseUrlVariables[0]} in the environment)`
}

async function explicitAddress(entry: ProviderEntry, text: string, path: Path, building: Building) {
  const url = await readAddress(text, path, entry.private === true, building)
  return url === undefined ? undefined : { url, isPrivate: entry.private === true }
}

/** A base URL of the file, held against `private`; `undefined` once its problem is noted. */
export async function readAddress(text: string, path: Path, isPrivate: boolean, building: Building) {
  const filled = await readUrlValue(text, path, building)
  if (filled === undefined) return undefined
  const parsed: BaseUrl = readBaseUrl(filled)
  if (parsed.kind === 'refused') {
    building.findings.problem(path, parsed.why)
    return undefined
  }
  if (!isPrivate && isPrivateHost(parsed.url)) {
    const owner = path[0] === 'providers' ? 'it' : 'its provider'
    building.findings.problem(
      path,
      `found a loopback or private address, expected private: true on ${owner} if this is meant`,
    )
  }
  return parsed.url
}

function regionalAddress(entry: ProviderEntry, region: string, spec: ProviderSpec, path: Path, building: Building) {
  const regions = spec.regions ?? {}
  const text = Object.hasOwn(regions, region) ? regions[region] : undefined
  const parsed = text === undefined ? undefined : readBaseUrl(text)
  if (parsed?.kind === 'url') return { url: parsed.url, isPrivate: entry.private === true }
  const known = Object.keys(regions).join(', ')
  building.findings.problem(
    path,
    known === ''
      ? 'found a region, but this provider has none; expected baseUrl'
      : `found no known region, expected one of ${known}`,
  )
  return undefined
}
