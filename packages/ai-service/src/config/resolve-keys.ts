// The keys of a provider: those of the file, else the one that the environment holds.
import { resolve } from 'node:path'
import { Secret } from 'ai-lib/internal/errors/secret'
import { parseReference } from '../secrets/sources.ts'
import { type Building, readSecret } from './building.ts'
import type { ProviderKey } from './config.ts'
import { formatPath, type Path } from './problem.ts'
import { keyFromEnvironment } from './provider-variables.ts'
import type { Wanted } from './wanted.ts'

export async function resolveKeys(wanted: Wanted, building: Building): Promise<readonly ProviderKey[]> {
  if (building.withoutProviderKeys) return []
  const { name, entry, spec } = wanted
  const path: Path = ['providers', name, 'keys']
  if (entry.keys === undefined) return keysFromEnvironment(wanted, building)
  const keys: ProviderKey[] = []
  for (const [index, key] of entry.keys.entries()) {
    const keyPath = [...path, index, 'secret']
    const secret = await readSecret(key.secret, keyPath, building)
    if (secret !== undefined && !isHeaderSafe(secret)) {
      building.findings.problem(
        keyPath,
        'found a blank, line break or non-ASCII character in the secret, expected none',
      )
    }
    const keyName = key.name ?? `key-${index + 1}`
    if (keys.some((other) => other.name === keyName)) {
      building.findings.problem([...path, index], 'found a name that another key has, expected names that differ')
    }
    if (keys.some((other) => secret !== undefined && other.secret.reveal() === secret.reveal())) {
      building.findings.warn(`${formatPath([...path, index])} is the same secret as another key of this provider.`)
    }
    if (secret !== undefined)
      keys.push({ name: keyName, secret, weight: key.weight ?? 1, ...liveSource(key.secret, building) })
  }
  if (entry.keys.length === 0 && spec.isKeyRequired) {
    building.findings.problem(path, 'found an empty list, expected a key, or no list so that the environment is asked')
  }
  return keys
}

async function keysFromEnvironment(wanted: Wanted, building: Building): Promise<readonly ProviderKey[]> {
  const { name, spec, generalKey } = wanted
  const found = await keyFromEnvironment(spec, building)
  const value = found?.value ?? generalKey
  if (value === undefined) {
    if (!spec.isKeyRequired) return []
    const names = spec.keyVariables.join(' or ')
    building.findings.problem(
      ['providers', name],
      `found no key, expected keys here or ${names} in the environment`,
      'key',
    )
    return []
  }
  const secret = new Secret(value)
  if (!isHeaderSafe(secret)) {
    const where = found?.variable ?? 'AI_API_KEY'
    building.findings.environmentProblem(where, 'found a blank, line break or non-ASCII character, expected none')
  }
  return [{ name: 'environment', secret, weight: 1, ...(found?.source ? { source: found.source } : {}) }]
}

function liveSource(text: string, { folder }: Building): Pick<ProviderKey, 'source'> {
  const parsed = parseReference(text)
  if (parsed.kind !== 'reference' || parsed.reference.kind === 'env') return {}
  const { reference } = parsed
  return { source: reference.kind === 'file' ? { ...reference, path: resolve(folder, reference.path) } : reference }
}

function isHeaderSafe(secret: Secret): boolean {
  return /^[\x21-\x7e]+$/.test(secret.reveal())
}
