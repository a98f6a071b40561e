// What a store throws: which store, what happened, what to do.
import { AiError } from '../errors/ai-error.ts'

export function storageError(location: string, what: string, cause?: unknown): AiError {
  return new AiError('service_backup_storage', { message: `${location}: ${what}` }, { cause })
}

/** `ENOENT` and the like; `undefined` where the fault has none. */
export function faultCode(fault: unknown): string | undefined {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : undefined
}
