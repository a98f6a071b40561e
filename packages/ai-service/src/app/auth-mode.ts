// Who may call, by the configuration: everybody, or whoever shows one of its keys.
import type { Config } from '../config/config.ts'
import type { Caller } from '../exchange/exchange.ts'
import type { CallerKeyEntry } from '../keys/caller-key-entry.ts'
import { createKeyVerifier } from '../keys/verify-caller-key.ts'
import type { AuthMode } from '../policies/auth.ts'

export function authMode({ auth }: Pick<Config, 'auth'>): AuthMode {
  if (auth.mode === 'none') return { kind: 'none' }
  const verify = createKeyVerifier(auth, () => Date.now())
  const callers = new Map(auth.keys.map((key) => [key, callerOf(key)]))
  return {
    kind: 'keys',
    verify(credential) {
      const verified = verify(credential)
      return verified.kind === 'known'
        ? { kind: 'known', caller: callers.get(verified.key) ?? callerOf(verified.key) }
        : verified
    },
  }
}

function callerOf({ id, user, team, models }: CallerKeyEntry): Caller {
  return {
    keyId: id,
    ...(user === undefined ? {} : { user }),
    ...(team === undefined ? {} : { team }),
    ...(models === undefined ? {} : { models: new Set(models) }),
  }
}
