// The thread behind translation-worker.ts: one job in, one reply out.
import { parentPort } from 'node:worker_threads'
import { type ErrorDetails, toAiError } from 'ai-lib/internal/errors/ai-error'
import type { ErrorCode } from 'ai-lib/internal/errors/error-codes'
import { type TranslatedRequest, type TranslationJob, translateRequest } from 'ai-lib/internal/lanes/translate-request'

export interface TranslationCall {
  readonly id: number
  readonly job: TranslationJob
}

export type TranslationReply =
  | { readonly kind: 'done'; readonly id: number; readonly request: TranslatedRequest }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly details: ErrorDetails }

parentPort?.on('message', ({ id, job }: TranslationCall) => parentPort?.postMessage(reply(id, job)))

function reply(id: number, job: TranslationJob): TranslationReply {
  try {
    return { kind: 'done', id, request: translateRequest(job) }
  } catch (thrown) {
    const { code, details } = toAiError(thrown)
    return { kind: 'failed', id, code, details }
  }
}
