// Finds the configuration file: asked for, named by AI_SERVICE_CONFIG, here, or under /etc.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Environment } from '../secrets/sources.ts'

export interface FindParts {
  /** `--config`. */
  readonly configPath?: string
  readonly env: Environment
  readonly cwd: string
  /** Default `/etc/ai-service`. */
  readonly systemFolder?: string
  /** No file is looked for: a service that started without one must not take up one that somebody put there. */
  readonly withoutFile?: boolean
}

/** The path to read; `undefined` where nobody named one and none is in the usual places. */
export function findConfig(parts: FindParts): string | undefined {
  const { configPath, env, cwd, systemFolder = '/etc/ai-service', withoutFile = false } = parts
  if (withoutFile) return undefined
  const named = configPath ?? env['AI_SERVICE_CONFIG']
  // A file that somebody named is read or refused, never passed over; an empty variable names none.
  if (named !== undefined && (named !== '' || configPath !== undefined)) return resolve(cwd, named)
  const usual = [cwd, systemFolder].flatMap((folder) =>
    ['ai-service.yaml', 'ai-service.yml', 'ai-service.json'].map((name) => join(folder, name)),
  )
  return usual.find((path) => existsSync(path))
}
