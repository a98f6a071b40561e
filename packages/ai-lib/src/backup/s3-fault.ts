// What went wrong at S3, in our words: its codes are told, its text is not, which may repeat what it was sent.
import { AiError } from '../errors/ai-error.ts'
import { DialError } from '../transport/dial-error.ts'
import { faultCode, storageError } from './storage-error.ts'

export interface S3Place {
  readonly location: string
  readonly bucket: string
  readonly endpoint: string | undefined
}

/** The object is there already, or somebody is creating it at this moment. */
export function isConflict(fault: unknown): boolean {
  const status = statusOf(fault)
  return status === 412 || (status === 409 && nameOf(fault) === 'ConditionalRequestConflict')
}

export function isNoObject(fault: unknown): boolean {
  // Not any 404: a service may say it of a bucket or of a user too, and a backup must not be taken for absent then.
  return statusOf(fault) === 404 && (nameOf(fault) === 'NoSuchKey' || nameOf(fault) === 'NotFound')
}

export function s3Fault(fault: unknown, place: S3Place): Error {
  // Ours already, or thrown by the content: no fault of the store.
  if (fault instanceof AiError) return fault
  return storageError(place.location, whatHappened(fault, place), fault)
}

function whatHappened(fault: unknown, { bucket, endpoint }: S3Place): string {
  const name = nameOf(fault)
  const status = statusOf(fault)
  const at = endpoint === undefined ? 'S3' : hostOf(endpoint)
  if (name === 'NoSuchBucket') return `there is no bucket ${bucket} at ${at}: create it, or name another.`
  if (name === 'CredentialsProviderError')
    return 'no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give credentials.'
  if (status === 301 || name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed')
    return `the bucket is in another region (${name}): set region.`
  if (status === 401 || status === 403)
    return `${at} refused the credentials (${status} ${name}): they need to list, get, put and delete in the bucket.`
  if (status !== undefined && status >= 400) return `${at} answered ${status} ${name}.`
  if (fault instanceof DialError) return `${at} cannot be reached. ${fault.reason}`
  const code = faultCode(fault)
  // The client calls these time-outs too.
  if (code === 'ECONNRESET' || code === 'EPIPE') return `${at} cut the connection (${code}).`
  if (name === 'TimeoutError' || name === 'AbortError') return `${at} did not answer in time, or the work was ended.`
  return `${at} cannot be reached (${code ?? name}): see to the endpoint and the network.`
}

function hostOf(endpoint: string): string {
  return URL.parse(endpoint)?.host ?? 'the endpoint'
}

function nameOf(fault: unknown): string {
  const name = fault instanceof Error ? fault.name : 'unknown fault'
  return /^[\w.-]{1,64}$/.test(name) ? name : 'unknown fault'
}

function statusOf(fault: unknown): number | undefined {
  if (!(fault instanceof Error) || !('$metadata' in fault)) return undefined
  const metadata = fault.$metadata
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}
