// A small body that inflates to a large one, made while it is sent so that it costs the simulator no memory.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib'
import type { GzipBombBehaviour } from './behaviour.ts'
import type { Reply } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { EVENT_STREAM, type ReplyHeaders } from './send-reply.ts'

const BLOCK = Buffer.alloc(64 * 1024, 'a')
const COMPRESSORS = { gzip: createGzip, br: createBrotliCompress, zstd: createZstdCompress } as const

export async function sendBomb(
  exchange: Exchange,
  behaviour: GzipBombBehaviour,
  reply: Reply,
  headers: ReplyHeaders,
): Promise<void> {
  const isStream = reply.kind === 'events'
  exchange.response.writeHead(200, {
    ...(isStream ? EVENT_STREAM : { 'content-type': 'application/json' }),
    ...headers,
    'content-encoding': behaviour.encoding,
  })
  const [open, close] = isStream ? ['data: {"padding":"', '"}\n\n'] : ['{"padding":"', '"}']
  const source = Readable.from(padding(open, close, behaviour.inflatedBytes))
  await pipeline(source, COMPRESSORS[behaviour.encoding](), exchange.response, { signal: exchange.gone })
}

function* padding(open: string, close: string, total: number): Generator<Buffer> {
  yield Buffer.from(open)
  for (let left = total - open.length - close.length; left > 0; left -= BLOCK.length)
    yield BLOCK.subarray(0, Math.min(left, BLOCK.length))
  yield Buffer.from(close)
}
