// Fills in `auth:` and `limits:`: who may call, and how much.
import { type Building, readSecret } from './building.ts'
import type { AuthConfig, LimitRule, ServerConfig } from './config.ts'
import { resolveCallerKeys } from './resolve-caller-keys.ts'
import { isLoopbackHost } from './url-value.ts'

export async function resolveAuth(server: ServerConfig, nowMs: number, building: Building): Promise<AuthConfig> {
  const auth = building.file.auth ?? {}
  const isLoopback = isLoopbackHost(server.host)
  const mode = auth.mode ?? (isLoopback ? 'none' : 'keys')
  const pepper = auth.pepper === undefined ? undefined : await readSecret(auth.pepper, ['auth', 'pepper'], building)
  const keys = await resolveCallerKeys(pepper, nowMs, building)
  if (mode === 'none' && !isLoopback) {
    building.findings.warn('auth.mode is none on an address that other machines reach: anybody there can spend.')
  }
  if (mode === 'none' && keys.length > 0) {
    const what = (auth.keys ?? []).length > 0 ? 'auth.keys' : 'AI_SERVICE_CALLER_KEY'
    building.findings.warn(`${what} is not used: auth.mode is none, its default on loopback; write auth.mode: keys.`)
  }
  if (mode === 'keys' && keys.length === 0 && !building.withoutProviderKeys) {
    building.findings.warn(
      'auth.keys is empty: every request gets 401 until `ai-service keys create` has made a key, or AI_SERVICE_CALLER_KEY holds one.',
    )
  }
  return { mode, ...(pepper === undefined ? {} : { pepper }), keys }
}

export function resolveLimits({ file }: Building): LimitRule[] {
  return (file.limits ?? []).map((limit) => ({
    for: limit.for,
    ...(limit.requests === undefined ? {} : { requests: limit.requests }),
    ...(limit.concurrent === undefined ? {} : { concurrent: limit.concurrent }),
  }))
}
