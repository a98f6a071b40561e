// The level of the log as the configuration names it.
import type { LogLevel as ConfiguredLevel } from '../config/config.ts'
import type { LogLevel } from '../telemetry/log.ts'

// The config takes pino's names; ours are the five that are used.
export function logLevel(level: ConfiguredLevel): LogLevel {
  if (level === 'fatal') return 'error'
  return level === 'trace' ? 'debug' : level
}
