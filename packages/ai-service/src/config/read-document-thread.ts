// The thread in which a large file is read: it gives back plain data, and ends.
import { parentPort, workerData } from 'node:worker_threads'
import { readPlainDocument } from './read-document.ts'

/** What the thread is given. */
export interface ReadingJob {
  readonly text: string
  readonly file: string
}

const { text, file } = workerData as ReadingJob
parentPort?.postMessage(readPlainDocument(text, file))
