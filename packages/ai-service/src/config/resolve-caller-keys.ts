// The keys of callers: those of the file, by hash or by reference, and the one that the environment holds.
import { Secret } from 'ai-lib/internal/errors/secret'
import { hashCallerKey, judgeGivenKey } from '../keys/caller-key.ts'
import { type Building, readSecret, variable } from './building.ts'
import type { CallerKeyEntry } from './config.ts'
import type { Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'
import { readVariableFile } from './variable-file.ts'

/** One caller key without a configuration file: a variable, or a file that stands in for it. */
const variableName = 'AI_SERVICE_CALLER_KEY'
const idOfVariable = 'default'

type WrittenKey = NonNullable<NonNullable<ConfigFile['auth']>['keys']>[number]

export async function resolveCallerKeys(
  pepper: Secret | undefined,
  nowMs: number,
  building: Building,
): Promise<readonly CallerKeyEntry[]> {
  const { file, findings } = building
  const ids = new Set<string>()
  const hashes = new Set<string>()
  const keys: CallerKeyEntry[] = []
  for (const [index, written] of (file.auth?.keys ?? []).entries()) {
    const path: Path = ['auth', 'keys', index]
    if (ids.has(written.id)) findings.problem([...path, 'id'], 'found an id that another key has')
    ids.add(written.id)
    if (written.expires !== undefined && written.expires <= nowMs) findings.warn(`auth.keys.${index} has expired.`)
    const value = await valueOf(written, path, pepper, building)
    if (value === undefined) continue
    const at = written.hash === undefined ? 'secret' : 'hash'
    if (hashes.has(value.hash)) findings.problem([...path, at], `found a ${at} that another key has`)
    hashes.add(value.hash)
    keys.push({ ...value, ...belongings(written) })
  }
  const given = await keyOfEnvironment(pepper, building)
  if (given === undefined || hashes.has(given.hash)) return keys
  if (!ids.has(idOfVariable)) return [...keys, given]
  findings.warn(`${variableName} is not used: auth.keys has another key with the id ${idOfVariable}.`)
  return keys
}

type KeyValue = Pick<CallerKeyEntry, 'hash' | 'given'>

async function valueOf(
  { hash, secret: reference }: WrittenKey,
  path: Path,
  pepper: Secret | undefined,
  building: Building,
): Promise<KeyValue | undefined> {
  if (hash !== undefined) return { hash }
  if (reference === undefined || building.withoutProviderKeys) return undefined
  const secret = await readSecret(reference, [...path, 'secret'], building)
  if (secret === undefined) return undefined
  const wrong = judgeGivenKey(secret.reveal())
  if (wrong !== undefined) building.findings.problem([...path, 'secret'], wrong)
  return { hash: hashCallerKey(secret.reveal(), pepper), given: { secret, from: reference } }
}

async function keyOfEnvironment(pepper: Secret | undefined, building: Building): Promise<CallerKeyEntry | undefined> {
  if (building.withoutProviderKeys) return undefined
  const set = variable(building.env, variableName)
  const file = set === undefined ? await readVariableFile(variableName, building) : undefined
  const value = set ?? file?.value
  if (value === undefined) return undefined
  const wrong = judgeGivenKey(value)
  if (wrong !== undefined) building.findings.environmentProblem(file?.source.path ?? variableName, wrong)
  const from = file?.source.text ?? `env:${variableName}`
  return { id: idOfVariable, hash: hashCallerKey(value, pepper), given: { secret: new Secret(value), from } }
}

function belongings({ id, user, team, models, expires }: WrittenKey): Omit<CallerKeyEntry, 'hash' | 'given'> {
  return {
    id,
    ...(user === undefined ? {} : { user }),
    ...(team === undefined ? {} : { team }),
    ...(models === undefined ? {} : { models }),
    ...(expires === undefined ? {} : { expiresMs: expires }),
  }
}
