// Starts the audit thread: small, because all it does is to join texts and hand them to a database.
import { Worker } from 'node:worker_threads'
import type { AuditPlace, FromThread } from './messages.ts'
import type { AuditThread, ThreadEvents } from './trail.ts'

// From the sources (in tests) Node takes the types away itself.
const script = new URL(import.meta.url.endsWith('.ts') ? './audit-thread.ts' : './audit-thread.js', import.meta.url)
const limits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 96, stackSizeMb: 1 }

export function openAuditThread(place: AuditPlace, events: ThreadEvents): AuditThread {
  const worker = new Worker(script, { workerData: place, resourceLimits: limits })
  // What keeps the process alive is its listeners; the way down waits for the trail by itself.
  worker.unref()
  let fault: unknown
  worker.on('message', (message: FromThread) => events.message(message))
  worker.on('error', (thrown) => {
    fault = thrown
  })
  worker.on('exit', () => events.died(fault))
  return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() }
}
