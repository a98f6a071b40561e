// What applications import.
export { AiError, type ErrorDetails } from './errors/ai-error.ts'
export { type ErrorCode, type ErrorEntry, errorTable } from './errors/error-codes.ts'
export { Secret } from './errors/secret.ts'
