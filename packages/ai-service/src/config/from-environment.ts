// What the environment alone configures: providers whose key variable is set, and the seed family's general variables.
import { openaiCompatible } from 'ai-lib/internal/providers/openai-compatible'
import { type Building, variable } from './building.ts'
import type { EnvironmentProxy, GuardedUrl } from './config.ts'
import { baseUrlFromEnvironment, keyFromEnvironment } from './provider-variables.ts'
import { readProxyUrl } from './url-value.ts'
import type { Wanted } from './wanted.ts'

/** Providers that the file does not name and the environment configures, in the registry's order. */
export async function providersOfEnvironment(building: Building, taken: ReadonlySet<string>): Promise<Wanted[]> {
  const wanted: Wanted[] = []
  for (const [name, spec] of building.specs) {
    if (taken.has(name)) continue
    const key = await keyFromEnvironment(spec, building)
    // A server of one's own needs no key: its address is what says that it is there.
    const isAddressed = !spec.isKeyRequired && baseUrlFromEnvironment(spec, building.env) !== undefined
    if (key === undefined && !isAddressed) continue
    if (spec.baseUrl === undefined && baseUrlFromEnvironment(spec, building.env) === undefined) {
      const where = spec.baseUrlVariables[0] ?? `providers.${name}.baseUrl`
      building.findings.warn(`${name} has a key in the environment but no address: set ${where}.`)
    } else wanted.push({ name, entry: {}, spec })
  }
  return wanted
}

/**
 * Gives AI_API_KEY and AI_BASE_URL to the one provider that they can be meant for. With several candidates they are
 * left aside with a warning: one vendor's key must not travel to another.
 */
export async function applyGeneralVariables(wanted: readonly Wanted[], building: Building): Promise<Wanted[]> {
  const key = variable(building.env, 'AI_API_KEY')
  const baseUrl = variable(building.env, 'AI_BASE_URL')
  if (wanted.length === 0) return generalProvider(key, baseUrl, building)
  const keyless: string[] = []
  for (const { name, entry, spec } of wanted) {
    if (entry.keys === undefined && (await keyFromEnvironment(spec, building)) === undefined) keyless.push(name)
  }
  const takesKey = onlyOne('AI_API_KEY', key, keyless, building)
  const addressless = wanted
    .filter(
      ({ entry, spec }) =>
        entry.baseUrl === undefined &&
        entry.region === undefined &&
        baseUrlFromEnvironment(spec, building.env) === undefined,
    )
    .map(({ name }) => name)
  const takesBaseUrl = onlyOne('AI_BASE_URL', baseUrl, addressless, building)
  return wanted.map((one) => ({
    ...one,
    ...(key !== undefined && one.name === takesKey ? { generalKey: key } : {}),
    ...(baseUrl !== undefined && one.name === takesBaseUrl ? { generalBaseUrl: baseUrl } : {}),
  }))
}

function generalProvider(key: string | undefined, baseUrl: string | undefined, { specs }: Building): Wanted[] {
  if (baseUrl !== undefined) {
    const spec = openaiCompatible('openai-compatible')
    const general = key === undefined ? {} : { generalKey: key }
    return [{ name: spec.name, entry: {}, spec, generalBaseUrl: baseUrl, ...general }]
  }
  const openai = specs.get('openai')
  return key === undefined || openai === undefined ? [] : [{ name: 'openai', entry: {}, spec: openai, generalKey: key }]
}

function onlyOne(name: string, value: string | undefined, candidates: readonly string[], { findings }: Building) {
  if (value === undefined || candidates.length === 0) return undefined
  if (candidates.length === 1) return candidates[0]
  findings.warn(`${name} is not used: it could be meant for ${candidates.join(', ')}. Set the provider's own variable.`)
  return undefined
}

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case; the lower-case form wins, as in curl. */
export function environmentProxy({ env, findings }: Building): EnvironmentProxy {
  const read = (name: string): GuardedUrl | undefined => {
    const text = variable(env, name.toLowerCase()) ?? variable(env, name)
    if (text === undefined) return undefined
    const proxy = readProxyUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text.trim() : `http://${text.trim()}`)
    if (proxy === undefined) findings.environmentProblem(name, 'found no http:// or https:// proxy URL, expected one')
    return proxy
  }
  const http = read('HTTP_PROXY')
  const https = read('HTTPS_PROXY')
  const no = variable(env, 'no_proxy') ?? variable(env, 'NO_PROXY')
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(no === undefined ? {} : { no }),
  }
}
