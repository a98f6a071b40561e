// Fills in `auth:` and `limits:`: who may call, and how much.
import { type Building, readSecret } from './building.ts'
import type { AuthConfig, CallerKeyEntry, LimitRule, ServerConfig } from './config.ts'
import { isLoopbackHost } from './url-value.ts'

export async function resolveAuth(server: ServerConfig, nowMs: number, building: Building): Promise<AuthConfig> {
  const auth = building.file.auth ?? {}
  const isLoopback = isLoopbackHost(server.host)
  const mode = auth.mode ?? (isLoopback ? 'none' : 'keys')
  const pepper = auth.pepper === undefined ? undefined : await readSecret(auth.pepper, ['auth', 'pepper'], building)
  const keys = resolveKeys(nowMs, building)
  if (mode === 'none' && !isLoopback) {
    building.findings.warn('auth.mode is none on an address that other machines reach: anybody there can spend.')
  }
  if (mode === 'none' && keys.length > 0)
    building.findings.warn('auth.keys is not used: auth.mode is none, its default on loopback; write auth.mode: keys.')
  if (mode === 'keys' && keys.length === 0) {
    building.findings.warn('auth.keys is empty: every request gets 401 until `ai-service keys create` has made a key.')
  }
  return { mode, ...(pepper === undefined ? {} : { pepper }), keys }
}

function resolveKeys(nowMs: number, { file, findings }: Building): CallerKeyEntry[] {
  const ids = new Set<string>()
  const hashes = new Set<string>()
  return (file.auth?.keys ?? []).map((key, index) => {
    if (ids.has(key.id)) findings.problem(['auth', 'keys', index, 'id'], 'found an id that another key has')
    if (hashes.has(key.hash)) findings.problem(['auth', 'keys', index, 'hash'], 'found a hash that another key has')
    ids.add(key.id)
    hashes.add(key.hash)
    if (key.expires !== undefined && key.expires <= nowMs) findings.warn(`auth.keys.${index} has expired.`)
    return {
      id: key.id,
      hash: key.hash,
      ...(key.user === undefined ? {} : { user: key.user }),
      ...(key.team === undefined ? {} : { team: key.team }),
      ...(key.models === undefined ? {} : { models: key.models }),
      ...(key.expires === undefined ? {} : { expiresMs: key.expires }),
    }
  })
}

export function resolveLimits({ file }: Building): LimitRule[] {
  return (file.limits ?? []).map((limit) => ({
    for: limit.for,
    ...(limit.requests === undefined ? {} : { requests: limit.requests }),
    ...(limit.concurrent === undefined ? {} : { concurrent: limit.concurrent }),
  }))
}
