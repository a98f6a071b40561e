// The thread that owns the audit trail's store, so that no sync to disk stops a request.
import { parentPort, workerData } from 'node:worker_threads'
import { AuditEngine } from './engine.ts'
import type { AuditPlace, FromThread, ToThread } from './messages.ts'

const port = parentPort
const tell = (message: FromThread): void => port?.postMessage(message)

try {
  const engine = await AuditEngine.open({ place: workerData as AuditPlace, tell, nowMs: () => Date.now() })
  port?.on('message', (message: ToThread) => {
    const isLast = message.kind === 'close'
    // What cannot be mended here ends the thread: the service starts another and says again what it was not told about.
    void engine.take(message).then(
      () => isLast && port.close(),
      (thrown: unknown) => {
        queueMicrotask(() => {
          throw thrown
        })
      },
    )
  })
} catch (thrown) {
  tell({ kind: 'unusable', message: thrown instanceof Error ? thrown.message : 'The audit trail cannot be opened.' })
}
