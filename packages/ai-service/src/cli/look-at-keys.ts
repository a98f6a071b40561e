// Whether providers have keys, and which variables would count where none is there.
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import type { LoadedConfig } from '../config/config.ts'
import type { CliParts } from './context.ts'
import { counted } from './counted.ts'
import { type Finding, unwell, well } from './finding.ts'

export function lookAtKeys({ config, source }: LoadedConfig, parts: CliParts): readonly Finding[] {
  const todo = howToGiveKeys(parts)
  if (config.demo)
    return [unwell('providers', 'no key of any provider is set: it starts in demo mode, the simulator answers', todo)]
  if (config.providers.size === 0) {
    const where = source.kind === 'file' ? ` in ${source.path}` : ''
    return [unwell('providers', `none is configured${where}`, todo)]
  }
  return [...config.providers.values()].map(({ name, keys, spec }) => {
    const what = `provider ${name}`
    if (keys.length > 0) return well(what, `${counted(keys.length, 'key')} present`)
    return spec.isKeyRequired ? unwell(what, 'no key', howToGiveKey(name, spec)) : well(what, 'needs no key')
  })
}

/** What was asked of Vault was answered, or the configuration would not have loaded. */
export function lookAtVault({ config }: LoadedConfig): readonly Finding[] {
  const { vault } = config.secrets
  if (vault === undefined) return []
  const keys = [...config.providers.values()].flatMap((provider) => provider.keys)
  const count = keys.filter(({ source }) => source?.kind === 'vault').length
  const what = `vault ${new URL(vault.address).host}`
  if (count === 0) return [well(what, 'not asked: no provider key comes from it')]
  return [well(what, `${counted(count, 'provider key')} read, login by ${vault.auth?.kind ?? 'none'}`)]
}

function howToGiveKeys({ specs, secretsFolder = '/run/secrets/ai-service' }: CliParts): string {
  const variables = [...specs.values()].flatMap(({ keyVariables }) => keyVariables.slice(0, 1))
  return `Set one of ${[...new Set(variables)].toSorted().join(', ')}, put the key into a file ${secretsFolder}/<variable>, or write providers: into ai-service.yaml.`
}

function howToGiveKey(name: string, { keyVariables }: ProviderSpec): string {
  const variables = keyVariables.length === 0 ? '' : `Set ${keyVariables.join(' or ')}, or write `
  return `${variables === '' ? 'Write ' : variables}providers.${name}.keys.`
}
