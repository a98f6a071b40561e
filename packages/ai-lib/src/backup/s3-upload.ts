// One new object in a bucket: in one request where it is small, else in parts that are taken back where one fails.
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3'

export interface UploadTarget {
  readonly sdk: typeof import('@aws-sdk/client-s3')
  readonly client: S3Client
  readonly bucket: string
  readonly key: string
  /** A fresh bound for the next request. */
  deadline(): AbortSignal
}

/** S3 takes no smaller parts than 5 MiB, and 10,000 of them: objects may have 78 GiB. */
const partBytes = 8 * 1024 * 1024
const abortMs = 10_000

/** Holds one part in memory. @throws what the client throws; 412 where the key is taken. */
export async function uploadNew(target: UploadTarget, content: AsyncIterable<Uint8Array>): Promise<void> {
  const blocks = blocksOf(content)
  const first = await blocks.next()
  const second = await blocks.next()
  if (second.done === true) await putWhole(target, first.done === true ? new Uint8Array() : first.value)
  else await putParts(target, chain([first.value ?? new Uint8Array(), second.value], blocks))
}

async function putWhole({ sdk, client, bucket, key, deadline }: UploadTarget, body: Uint8Array): Promise<void> {
  const command = new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: body, IfNoneMatch: '*' })
  await client.send(command, { abortSignal: deadline() })
}

async function putParts(target: UploadTarget, blocks: AsyncIterable<Uint8Array>): Promise<void> {
  const { sdk, client, bucket, key, deadline } = target
  const object = { Bucket: bucket, Key: key }
  const started = await client.send(new sdk.CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: 'CRC32' }), {
    abortSignal: deadline(),
  })
  const upload = { ...object, UploadId: started.UploadId }
  try {
    const parts: CompletedPart[] = []
    for await (const block of blocks) {
      const number = parts.length + 1
      const command = new sdk.UploadPartCommand({ ...upload, PartNumber: number, Body: block })
      const sent = await client.send(command, { abortSignal: deadline() })
      parts.push(completed(number, sent))
    }
    const command = new sdk.CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts: parts },
      IfNoneMatch: '*',
    })
    await client.send(command, { abortSignal: deadline() })
  } catch (fault) {
    // Parts that stay are paid for and seen by nobody. Its own bound: the work's signal may have ended it.
    await client
      .send(new sdk.AbortMultipartUploadCommand(upload), { abortSignal: AbortSignal.timeout(abortMs) })
      .catch(() => undefined) // The first fault is the one to tell; a lifecycle rule removes what is left.
    throw fault
  }
}

function completed(
  number: number,
  {
    ETag: tag,
    ChecksumCRC32: checksum,
  }: { readonly ETag?: string | undefined; readonly ChecksumCRC32?: string | undefined },
): CompletedPart {
  return {
    PartNumber: number,
    ...(tag === undefined ? {} : { ETag: tag }),
    ...(checksum === undefined ? {} : { ChecksumCRC32: checksum }),
  }
}

/** The content in blocks of one part each; the last may be smaller. */
async function* blocksOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let held: Uint8Array[] = []
  let bytes = 0
  for await (const piece of content) {
    let rest = piece
    while (bytes + rest.length >= partBytes) {
      const take = partBytes - bytes
      yield Buffer.concat([...held, rest.subarray(0, take)])
      rest = rest.subarray(take)
      held = []
      bytes = 0
    }
    // A copy: whoever made the piece may use its memory again.
    if (rest.length > 0) held.push(Uint8Array.from(rest))
    bytes += rest.length
  }
  if (bytes > 0) yield Buffer.concat(held)
  return undefined
}

async function* chain(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* first
  yield* rest
}
