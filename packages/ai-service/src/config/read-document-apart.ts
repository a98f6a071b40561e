// Reads a large file in a thread of its own: a megabyte of YAML takes seconds, in which nobody's stream would move.
import { Worker } from 'node:worker_threads'
import { type Document, type PlainDocument, readDocument, withPositions } from './read-document.ts'
import type { ReadingJob } from './read-document-thread.ts'

// From the sources (in tests) Node takes the types away itself.
const script = new URL(
  import.meta.url.endsWith('.ts') ? './read-document-thread.ts' : './read-document-thread.js',
  import.meta.url,
)
/** Letters that take some 30 ms: what a thread costs is more than less would save. */
const largeLetters = 16 * 1024

/** As `readDocument`. */
export async function readDocumentApart(text: string, file: string): Promise<Document> {
  if (text.length < largeLetters) return readDocument(text, file)
  const job: ReadingJob = { text, file }
  const worker = new Worker(script, { workerData: job })
  // A process that ends meanwhile waits for no configuration.
  worker.unref()
  try {
    return withPositions(await firstMessage(worker))
  } catch {
    const problem = { file, line: 0, column: 0, path: '', message: 'could not be read in the memory that there is' }
    return { kind: 'unreadable', problems: [problem] }
  } finally {
    await worker.terminate()
  }
}

function firstMessage(worker: Worker): Promise<PlainDocument> {
  return new Promise((resolve, reject) => {
    worker.once('message', (document: PlainDocument) => resolve(document))
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code}`)))
  })
}
