// Fills in `secrets:`: Vault's address and login from the file, then its usual variables; how fresh values are kept.
import { isAbsolute, resolve } from 'node:path'
import { Secret } from 'ai-lib/internal/errors/secret'
import { parseReference, type Reference } from '../secrets/sources.ts'
import type { VaultAuth, VaultSettings } from '../secrets/vault/vault-settings.ts'
import { type Building, readSecret, variable } from './building.ts'
import type { SecretsConfig, WebhookConfig } from './config.ts'
import type { Path } from './problem.ts'
import { readPemFile } from './resolve-server.ts'
import { isLoopbackHost, isPrivateHost, readBaseUrl, readUrlValue, withoutSlash } from './url-value.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const SERVICE_ACCOUNT = 'file:/var/run/secrets/kubernetes.io/serviceaccount/token'

/** Comes first: the references of every other section may lead to Vault. */
export async function resolveSecrets(building: Building): Promise<SecretsConfig> {
  const { files } = building.file.secrets ?? {}
  const vault = await resolveVault(building)
  const webhook = await resolveWebhook(building)
  return {
    files: { refreshMs: files?.poll ?? 5_000, maxAgeMs: files?.maxAge ?? DAY_MS },
    ...(vault === undefined ? {} : { vault }),
    ...(webhook === undefined ? {} : { webhook }),
  }
}

async function resolveVault(building: Building): Promise<VaultSettings | undefined> {
  const section = building.file.secrets?.vault ?? {}
  const address = await resolveAddress(building)
  if (address === undefined) {
    const isAsked = building.file.secrets?.vault !== undefined && section.address === undefined
    if (isAsked && variable(building.env, 'VAULT_ADDR') === undefined)
      building.findings.problem(['secrets', 'vault'], 'found no address, expected one here or in VAULT_ADDR', 'key')
    return undefined
  }
  const auth = resolveAuth(building)
  const namespace = section.namespace ?? variable(building.env, 'VAULT_NAMESPACE')?.trim()
  return {
    address,
    ...(namespace === undefined ? {} : { namespace }),
    ca: await resolveCa(building),
    ...(auth === undefined ? {} : { auth }),
    refreshMs: section.refresh ?? 5 * MINUTE_MS,
    maxAgeMs: section.maxAge ?? DAY_MS,
  }
}

async function resolveAddress(building: Building): Promise<string | undefined> {
  const written = building.file.secrets?.vault?.address
  const path: Path = ['secrets', 'vault', 'address']
  const text =
    written === undefined ? variable(building.env, 'VAULT_ADDR') : await readUrlValue(written, path, building)
  if (text === undefined) return undefined
  const parsed = readBaseUrl(text.trim())
  if (parsed.kind === 'refused') {
    if (written === undefined) building.findings.environmentProblem('VAULT_ADDR', parsed.why)
    else building.findings.problem(path, parsed.why)
    return undefined
  }
  if (parsed.url.protocol === 'http:' && !isLoopbackHost(parsed.url.hostname))
    building.findings.warn('secrets.vault.address is http://: tokens and secrets travel in the clear.')
  return withoutSlash(parsed.url)
}

async function resolveCa(building: Building): Promise<readonly string[]> {
  const written = building.file.secrets?.vault?.ca
  const file = written ?? variable(building.env, 'VAULT_CACERT')?.trim()
  if (file === undefined) return []
  const pem = await readPemFile(file, ['secrets', 'vault', 'ca'], building)
  return pem === undefined ? [] : [pem]
}

function resolveAuth(building: Building): VaultAuth | undefined {
  const auth = building.file.secrets?.vault?.auth
  const path: Path = ['secrets', 'vault', 'auth']
  const take = (text: string, ...steps: string[]) => credential(text, [...path, ...steps], building)
  if (auth?.appRole !== undefined) {
    const roleId = take(auth.appRole.roleId, 'appRole', 'roleId')
    const secretId = take(auth.appRole.secretId, 'appRole', 'secretId')
    if (!roleId || !secretId) return undefined
    return { kind: 'app-role', mount: auth.appRole.mount ?? 'approle', roleId, secretId }
  }
  if (auth?.kubernetes !== undefined) {
    const { role, mount = 'kubernetes', jwt = SERVICE_ACCOUNT } = auth.kubernetes
    const reference = take(jwt, 'kubernetes', 'jwt')
    return reference && { kind: 'kubernetes', mount, role, jwt: reference }
  }
  if (auth?.token === undefined && variable(building.env, 'VAULT_TOKEN') === undefined) return undefined
  const token = take(auth?.token ?? 'env:VAULT_TOKEN', 'token')
  return token && { kind: 'token', token }
}

/** A reference that is kept as one: it is read anew at every login. */
function credential(text: string, path: Path, { folder, findings, secretFiles }: Building): Reference | undefined {
  const parsed = parseReference(text)
  if (parsed.kind !== 'reference') return undefined
  const { reference } = parsed
  if (reference.kind === 'vault') {
    findings.problem(path, 'found a vault: reference, expected env: or file:, since Vault is asked with it')
    return undefined
  }
  if (reference.kind === 'env') return reference
  const file = isAbsolute(reference.path) ? reference.path : resolve(folder, reference.path)
  secretFiles.add(file)
  return { ...reference, path: file }
}

async function resolveWebhook(building: Building): Promise<WebhookConfig | undefined> {
  const webhook = building.file.secrets?.webhook
  if (webhook === undefined) return undefined
  const path: Path = ['secrets', 'webhook']
  const text = await readUrlValue(webhook.url, [...path, 'url'], building)
  const secret = await readSecret(webhook.secret, [...path, 'secret'], building)
  if (text === undefined || secret === undefined) return undefined
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.hash !== '') {
    building.findings.problem([...path, 'url'], 'found no plain http:// or https:// URL, expected one')
    return undefined
  }
  if (webhook.private !== true && isPrivateHost(url))
    building.findings.problem(
      [...path, 'url'],
      'found a loopback or private address, expected private: true on the webhook if this is meant',
    )
  // Such URLs often are secrets themselves.
  return {
    url: { url: new Secret(url.href), shown: `${url.protocol}//${url.host}` },
    secret,
    allowPrivate: webhook.private === true,
    timeoutMs: webhook.timeout ?? 5_000,
  }
}
