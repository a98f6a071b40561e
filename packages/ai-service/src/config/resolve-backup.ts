// Fills in `backup:`; what would only be noticed at the first backup is refused here.
import { resolve } from 'node:path'
import { expectedKey, readBackupKey } from 'ai-lib/internal/backup/backup-key'
import { isObjectKey } from 'ai-lib/internal/backup/object-store'
import type { Secret } from 'ai-lib/internal/errors/secret'
import { type Building, readSecret } from './building.ts'
import type { BackupSettings, BackupTarget } from './config.ts'
import type { Path } from './problem.ts'
import { fillUrl, readBaseUrl, readUrlValue, withoutSlash } from './url-value.ts'

const DAY_MS = 86_400_000
/** As backup.to has it where each instance has a place of its own. */
const ownName = '${HOSTNAME}'

/** `undefined` where there is no section, or one that names neither target nor key and is off. */
export async function resolveBackup(building: Building): Promise<BackupSettings | undefined> {
  const section = building.file.backup
  if (section === undefined) return undefined
  const { enabled = false, interval: intervalMs = DAY_MS, retentionDays = 30 } = section
  const isWanted = enabled || section.to !== undefined || section.encrypt !== undefined
  if (!isWanted) return undefined
  const target = await resolveTarget(building)
  const key = await resolveKey(section.encrypt, ['backup', 'encrypt'], building)
  const previousKeys: Secret[] = []
  for (const [index, text] of (section.encryptPrevious ?? []).entries()) {
    const previous = await resolveKey(text, ['backup', 'encryptPrevious', index], building)
    if (previous) previousKeys.push(previous)
  }
  if (retentionDays * DAY_MS < intervalMs)
    building.findings.warn('backup.retentionDays is shorter than backup.interval: there is never more than one backup.')
  if (target === undefined || key === undefined) return undefined
  const targetOfAll = readTargetOfAll(building)
  return {
    enabled,
    intervalMs,
    retentionDays,
    target,
    ...(targetOfAll === undefined ? {} : { targetOfAll }),
    key,
    previousKeys,
  }
}

// Replicas with a place each run one configuration all the same.
function readTargetOfAll(building: Building): string | undefined {
  const { to } = building.file.backup ?? {}
  return to?.includes(ownName) === true ? fillUrl(to.replaceAll(ownName, '*'), ['backup', 'to'], building) : undefined
}

async function resolveTarget(building: Building): Promise<BackupTarget | undefined> {
  const { to } = building.file.backup ?? {}
  const path: Path = ['backup', 'to']
  if (to === undefined) {
    building.findings.problem(['backup'], 'found no to, expected file:/path or s3://bucket/prefix', 'key')
    return undefined
  }
  const url = to.startsWith('file:') ? fillUrl(to, path, building) : await readUrlValue(to, path, building)
  if (url === undefined) return undefined
  const folder = /^file:(?:\/\/(?=\/))?([^\0\n]+)$/.exec(url)?.[1]
  if (folder !== undefined) return resolveFolder(folder, building)
  const [, bucket = '', prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(url) ?? []
  if (bucket !== '' && (prefix === '' || isObjectKey(prefix))) return resolveS3(bucket, prefix, building)
  building.findings.problem(path, 'found something else, expected file:/path or s3://bucket/prefix')
  return undefined
}

function resolveFolder(folder: string, { file, folder: start, findings }: Building): BackupTarget {
  for (const name of ['endpoint', 'region', 'forcePathStyle', 'credentials'] as const)
    if (file.backup?.[name] !== undefined)
      findings.problem(['backup', name], `found ${name} beside a folder, expected it beside s3:// only`, 'key')
  return { kind: 'folder', path: resolve(start, folder) }
}

async function resolveS3(bucket: string, prefix: string, building: Building): Promise<BackupTarget | undefined> {
  const { endpoint, region, forcePathStyle, credentials } = building.file.backup ?? {}
  const at = endpoint === undefined ? undefined : await resolveEndpoint(endpoint, building)
  const secret = async (name: 'accessKeyId' | 'secretAccessKey' | 'sessionToken'): Promise<Secret | undefined> => {
    const text = credentials?.[name]
    return text === undefined ? undefined : readSecret(text, ['backup', 'credentials', name], building)
  }
  const [accessKeyId, secretAccessKey, sessionToken] = [
    await secret('accessKeyId'),
    await secret('secretAccessKey'),
    await secret('sessionToken'),
  ]
  return {
    kind: 's3',
    bucket,
    prefix,
    ...(at === undefined ? {} : { endpoint: at }),
    ...(region === undefined ? {} : { region }),
    ...(forcePathStyle === undefined ? {} : { forcePathStyle }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }),
  }
}

async function resolveEndpoint(text: string, building: Building): Promise<string | undefined> {
  const path: Path = ['backup', 'endpoint']
  const value = await readUrlValue(text, path, building)
  if (value === undefined) return undefined
  const read = readBaseUrl(value)
  if (read.kind === 'url') return withoutSlash(read.url)
  building.findings.problem(path, read.why)
  return undefined
}

async function resolveKey(text: string | undefined, path: Path, building: Building): Promise<Secret | undefined> {
  const expected = `${expectedKey} (openssl rand -base64 32 makes one)`
  if (text === undefined) {
    building.findings.problem(['backup'], `found no encrypt, expected a reference to ${expected}`, 'key')
    return undefined
  }
  const secret = await readSecret(text, path, building)
  if (secret === undefined) return undefined
  try {
    readBackupKey(secret)
    return secret
  } catch {
    // Its one fault is the form, and it must not repeat the text.
    building.findings.problem(path, `found something else behind the reference, expected ${expected}`)
    return undefined
  }
}
