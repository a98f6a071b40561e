// Translates large requests in a thread of their own, so that one 20 MB prompt does not stop everybody's streams.
import { Worker } from 'node:worker_threads'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { TranslatedRequest, TranslationJob } from 'ai-lib/internal/lanes/translate-request'
import type { TranslationReply } from './translation-thread.ts'

export interface TranslationWorker {
  run(job: TranslationJob): Promise<TranslatedRequest>
  close(): Promise<void>
}

interface Waiting {
  resolve(request: TranslatedRequest): void
  reject(error: AiError): void
}

/** The thread starts with the first large request; one that dies fails what it had, and the next request starts another. */
export function createTranslationWorker(): TranslationWorker {
  const waiting = new Map<number, Waiting>()
  let thread: Worker | undefined
  let last = 0
  const open = (): Worker => {
    const worker = new Worker(new URL('./translation-thread.js', import.meta.url))
    // Idle, it must not keep the process alive.
    worker.unref()
    worker.on('message', (reply: TranslationReply) => {
      const job = waiting.get(reply.id)
      waiting.delete(reply.id)
      if (reply.kind === 'done') job?.resolve(reply.request)
      else job?.reject(new AiError(reply.code, reply.details))
    })
    worker.on('error', (cause) => fail(worker, cause))
    worker.on('exit', () => fail(worker, undefined))
    return worker
  }
  // Error and exit both come for a thread that dies; by the second another may have taken its place.
  const fail = (worker: Worker, cause: unknown): void => {
    if (thread !== worker) return
    thread = undefined
    for (const job of waiting.values()) job.reject(new AiError('service_internal', {}, { cause }))
    waiting.clear()
  }
  return {
    run(job) {
      thread ??= open()
      const id = ++last
      const { promise, resolve, reject } = Promise.withResolvers<TranslatedRequest>()
      waiting.set(id, { resolve, reject })
      thread.postMessage({ id, job })
      return promise
    },
    async close() {
      await thread?.terminate()
    },
  }
}
