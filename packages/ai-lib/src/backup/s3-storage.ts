// Backups in a bucket of S3 or what speaks its protocol, through Amazon's own client, which is loaded when first needed.
import type { S3Client } from '@aws-sdk/client-s3'
import { processEnvironment } from '../client/environment.ts'
import { AiError } from '../errors/ai-error.ts'
import type { Secret } from '../errors/secret.ts'
import { resolveProxy } from '../transport/resolve-proxy.ts'
import { createTunnelAgents } from '../transport/tunnel-agents.ts'
import { isObjectKey, type ObjectStore, type StoredObject } from './object-store.ts'
import { isConflict, isNoObject, s3Fault } from './s3-fault.ts'
import { uploadNew } from './s3-upload.ts'
import { storageError } from './storage-error.ts'

/** Who asks. Without it: what Amazon's client finds in the environment, profiles, and the machine's or pod's identity. */
export interface S3Credentials {
  readonly accessKeyId: string | Secret
  readonly secretAccessKey: string | Secret
  readonly sessionToken?: string | Secret
}

/** Where a bucket is, and how to sign for it. */
export interface S3StorageOptions {
  /** Put before every key, without slashes at its ends. Default: none. */
  readonly prefix?: string
  /** Where the service is, if not Amazon's: `https://minio.internal:9000`. */
  readonly endpoint?: string
  /** Default: the environment's; with an `endpoint` and none there `us-east-1`. */
  readonly region?: string
  /** The bucket in the path instead of the host name. Default: true with an `endpoint`, else false. */
  readonly forcePathStyle?: boolean
  readonly credentials?: S3Credentials
  /** `http://user:password@proxy:8080`. Default: HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY exempts the host. */
  readonly proxy?: string
  /** Milliseconds one request may take; one carries at most 8 MiB. Default 60,000. */
  readonly timeoutMs?: number
}

/** Amazon's package, by its own types, which the declarations of this class do not show. */
type Sdk = typeof import('@aws-sdk/client-s3')

interface Opened {
  readonly sdk: Sdk
  readonly client: S3Client
}

/**
 * Keeps backups in a bucket. Needs the package `@aws-sdk/client-s3` beside this one.
 *
 * Objects are created with `If-None-Match: *`, so that none is ever replaced; the service must know that header, as
 * Amazon S3, MinIO and versitygw do.
 *
 * @example
 * ```ts
 * import { S3Storage, type BackupConfig } from 'ai-lib'
 * const config: BackupConfig = {
 *   enabled: true,
 *   intervalMs: 24 * 3_600_000,
 *   retentionDays: 30,
 *   storage: new S3Storage('ai-service-backups', { prefix: 'prod', region: 'eu-central-1' }),
 * }
 * ```
 */
export class S3Storage implements ObjectStore {
  readonly location: string
  readonly #bucket: string
  readonly #prefix: string
  readonly #options: S3StorageOptions
  readonly #timeoutMs: number
  #opened: Promise<Opened> | undefined

  /**
   * Opens nothing yet.
   * @throws AiError `config_invalid` for a name that no bucket or prefix can have.
   */
  constructor(bucket: string, options: S3StorageOptions = {}) {
    const prefix = options.prefix ?? ''
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
      throw new AiError('config_invalid', { message: 'A bucket has 3 to 63 lower-case letters, digits, dots, dashes.' })
    if (prefix !== '' && !isObjectKey(prefix))
      throw new AiError('config_invalid', {
        message: 'A prefix is names of letters, digits, ".", "_", "-", joined by /.',
      })
    this.#bucket = bucket
    this.#prefix = prefix === '' ? '' : `${prefix}/`
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.location = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
  }

  async create(key: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<'created' | 'exists'> {
    const { sdk, client } = await this.#open()
    const target = { sdk, client, bucket: this.#bucket, key: this.#keyOf(key), deadline: () => this.#deadline(signal) }
    const source = watched(content)
    try {
      await uploadNew(target, source.content)
      return 'created'
    } catch (fault) {
      if (source.fault) throw source.fault.thrown
      if (isConflict(fault)) return 'exists'
      throw this.#explain(fault)
    }
  }

  async read(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    const { sdk, client } = await this.#open()
    try {
      const command = new sdk.GetObjectCommand({ Bucket: this.#bucket, Key: this.#keyOf(key) })
      const { Body: body } = await client.send(command, signal === undefined ? {} : { abortSignal: signal })
      // A stream of Node's: this class runs nowhere else.
      return body !== undefined && Symbol.asyncIterator in body ? this.#contentOf(body) : undefined
    } catch (fault) {
      if (isNoObject(fault)) return undefined
      throw this.#explain(fault)
    }
  }

  async *#contentOf(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      yield* body
    } catch (fault) {
      throw this.#explain(fault)
    }
  }

  async list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]> {
    const { sdk, client } = await this.#open()
    const found: StoredObject[] = []
    try {
      let token: string | undefined
      do {
        const page = await client.send(
          new sdk.ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: `${this.#prefix}${prefix}`,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          { abortSignal: this.#deadline(signal) },
        )
        for (const { Key: key = '', Size: bytes = 0, LastModified: modified } of page.Contents ?? [])
          found.push({ key: key.slice(this.#prefix.length), bytes, modifiedMs: modified?.getTime() ?? 0 })
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined
      } while (token !== undefined)
    } catch (fault) {
      throw this.#explain(fault)
    }
    return found.filter(({ key }) => isObjectKey(key)).toSorted((left, right) => (left.key < right.key ? -1 : 1))
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    const { sdk, client } = await this.#open()
    try {
      const command = new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#keyOf(key) })
      await client.send(command, { abortSignal: this.#deadline(signal) })
    } catch (fault) {
      if (!isNoObject(fault)) throw this.#explain(fault)
    }
  }

  close(): void {
    void this.#opened?.then(
      ({ client }) => client.destroy(),
      () => undefined, // It was never opened: nothing is held.
    )
    this.#opened = undefined
  }

  #keyOf(key: string): string {
    if (!isObjectKey(key)) throw storageError(this.location, `${JSON.stringify(key)} is no key of an object.`)
    return `${this.#prefix}${key}`
  }

  #deadline(signal: AbortSignal | undefined): AbortSignal {
    const deadline = AbortSignal.timeout(this.#timeoutMs)
    return signal === undefined ? deadline : AbortSignal.any([signal, deadline])
  }

  #explain(fault: unknown): Error {
    return s3Fault(fault, { location: this.location, bucket: this.#bucket, endpoint: this.#options.endpoint })
  }

  #open(): Promise<Opened> {
    this.#opened ??= openClient(this.#options, this.#timeoutMs)
    return this.#opened
  }
}

/** Tells a fault of the content from one of the store. */
function watched(content: AsyncIterable<Uint8Array>) {
  const source: { fault?: { readonly thrown: unknown } } = {}
  const watch = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* content
    } catch (thrown) {
      source.fault = { thrown }
      throw thrown
    }
  }
  return Object.assign(source, { content: watch() })
}

async function openClient(options: S3StorageOptions, timeoutMs: number): Promise<Opened> {
  const sdk = await loadSdk()
  const { endpoint, credentials } = options
  // Elsewhere than at Amazon the region is a word that is signed and looked at by nobody.
  const region =
    options.region ?? (endpoint === undefined ? undefined : processEnvironment['AWS_REGION'] || 'us-east-1')
  const client = new sdk.S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    ...(credentials === undefined ? {} : { credentials: revealed(credentials) }),
    requestHandler: {
      ...agentsFor(options, region, timeoutMs),
      connectionTimeout: Math.min(5_000, timeoutMs),
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: timeoutMs,
    },
  })
  return { sdk, client }
}

// Which host Amazon's client asks it makes up itself, out of bucket and region: the variables decide by a host near enough.
function agentsFor({ endpoint, proxy }: S3StorageOptions, region: string | undefined, timeoutMs: number) {
  const origin = endpoint ?? `https://s3.${region ?? 'us-east-1'}.amazonaws.com`
  const choice = { origin, environment: processEnvironment, ...(proxy === undefined ? {} : { proxy }) }
  const settings = resolveProxy(choice)
  return settings === undefined ? {} : createTunnelAgents(settings, Math.min(5_000, timeoutMs))
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3')
  } catch (fault) {
    throw new AiError(
      'config_invalid',
      { message: 'Backups to S3 need a package that is not installed: npm install @aws-sdk/client-s3' },
      { cause: fault },
    )
  }
}

function revealed({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials) {
  const plain = (value: string | Secret): string => (typeof value === 'string' ? value : value.reveal())
  return {
    accessKeyId: plain(accessKeyId),
    secretAccessKey: plain(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: plain(sessionToken) }),
  }
}
