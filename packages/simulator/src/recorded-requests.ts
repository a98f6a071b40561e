// Keeps the last requests as they came, in a ring bounded by count and by bytes.
import type { IncomingMessage } from 'node:http'

// 1,000 requests of 1 MB would be a gigabyte: bodies kept in all are held below this.
const MAX_BODY_BYTES = 64 * 1024 * 1024

export interface RecordedRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly path: string
  /** Lower-case names; repeated headers joined with ", ". */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values in turn, exactly as sent. */
  readonly rawHeaders: readonly string[]
  /** Empty until the whole body has arrived. */
  readonly body: Buffer
  /** Same number, same TCP connection. */
  readonly socketId: number
  readonly receivedAtMs: number
  /** The client left before the response was whole. */
  readonly aborted: boolean
  readonly abortedAtMs: number | undefined
}

export interface Recording {
  readonly request: RecordedRequest
  keepBody(body: Buffer): void
  markAborted(): void
}

export interface RequestRing {
  readonly requests: readonly RecordedRequest[]
  record(request: IncomingMessage, socketId: number): Recording
}

export function createRequestRing(limit: number): RequestRing {
  const requests: RecordedRequest[] = []
  let bodyBytes = 0
  const drop = () => {
    bodyBytes -= requests.shift()?.body.length ?? 0
  }
  return {
    requests,
    record: (request, socketId) => {
      const recording = createRecording(request, socketId)
      if (limit > 0) requests.push(recording.request)
      if (requests.length > limit) drop()
      const keepBody = (body: Buffer) => {
        recording.keepBody(body)
        // One that has left the ring in the meantime no longer counts.
        if (requests.includes(recording.request)) bodyBytes += body.length
        while (bodyBytes > MAX_BODY_BYTES && requests.length > 1) drop()
      }
      return { ...recording, keepBody }
    },
  }
}

function createRecording(request: IncomingMessage, socketId: number): Recording {
  let body: Buffer = Buffer.alloc(0)
  let abortedAtMs: number | undefined
  const recorded: RecordedRequest = {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: Object.fromEntries(
      Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]),
    ),
    rawHeaders: request.rawHeaders,
    socketId,
    receivedAtMs: Date.now(),
    get body() {
      return body
    },
    get aborted() {
      return abortedAtMs !== undefined
    },
    get abortedAtMs() {
      return abortedAtMs
    },
  }
  return {
    request: recorded,
    keepBody: (whole) => {
      body = whole
    },
    markAborted: () => {
      abortedAtMs ??= Date.now()
    },
  }
}
