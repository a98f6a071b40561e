// The form of a caller key: `ais_<id>_<secret><checksum>`, made once, recognised without any I/O, stored as an HMAC; and what
// else may be given as one.
import { createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Secret } from 'ai-lib/internal/errors/secret'

/** The parts of a key that is well formed. Whether it is known is another question. */
export interface CallerKeyParts {
  readonly id: string
}

const PREFIX = 'ais_'
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_BYTES = 32
// 62^43 is the first power of 62 above 2^256, 62^6 the first above 2^32.
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6
const FORM = new RegExp(`^${PREFIX}([A-Za-z0-9]{1,32})_[A-Za-z0-9]{${SECRET_LENGTH}}[A-Za-z0-9]{${CHECKSUM_LENGTH}}$`)
const MAX_LENGTH = PREFIX.length + 32 + 1 + SECRET_LENGTH + CHECKSUM_LENGTH

// Keys are 256 random bits: without a pepper the HMAC needs no secret, only a domain that no other hash of ours shares.
const DEFAULT_DOMAIN = 'ai-service caller key v1'

/**
 * A new key from 32 random bytes.
 * @throws RangeError where `id` or `random` has another form.
 */
export function createCallerKey(id: string, random: Uint8Array): string {
  if (!/^[A-Za-z0-9]{1,32}$/.test(id)) throw new RangeError('A key id has 1 to 32 letters and digits.')
  if (random.length !== SECRET_BYTES) throw new RangeError(`A key takes ${SECRET_BYTES} random bytes.`)
  const number = BigInt(`0x${Buffer.from(random).toString('hex')}`)
  const body = `${PREFIX}${id}_${toBase62(number, SECRET_LENGTH)}`
  return `${body}${checksumOf(body)}`
}

/** The parts of a key whose form and checksum are right; `undefined` for everything else. Costs no I/O. */
export function parseCallerKey(text: string): CallerKeyParts | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const id = FORM.exec(text)?.[1]
  if (id === undefined) return undefined
  const body = text.slice(0, -CHECKSUM_LENGTH)
  // The checksum is no secret: it tells typing mistakes from keys.
  return checksumOf(body) === text.slice(-CHECKSUM_LENGTH) ? { id } : undefined
}

const GIVEN_FORM = /^[\x21-\x7e]{32,256}$/
// 32 letters of any kind are far beyond guessing where they are random; "changemechangeme…" is not.
const LEAST_DIFFERENT = 10

/**
 * What is wrong with a key that an operator made elsewhere; `undefined` where it will do. What makes keys for charts and
 * containers knows nothing of our checksum, so that any random text of some length is taken.
 */
export function judgeGivenKey(text: string): string | undefined {
  if (!hasGivenForm(text)) {
    return `found a key of ${text.length} characters, expected 32 to 256 printable ones without blanks, such as \`openssl rand -hex 32\` makes`
  }
  if (text.startsWith(PREFIX) && parseCallerKey(text) === undefined) {
    return `found a key that begins with ${PREFIX} and is not whole, expected one as \`keys create\` printed it`
  }
  if (new Set(text).size < LEAST_DIFFERENT) return 'found a key of few different characters, expected a random one'
  return undefined
}

/** Whether a text could be a key that was given. Costs no I/O. */
export function hasGivenForm(text: string): boolean {
  return GIVEN_FORM.test(text)
}

/** What a config or store keeps of a key: `hmac-sha256:` and 64 hex digits. */
export function hashCallerKey(key: string, pepper: Secret | undefined): string {
  return `hmac-sha256:${callerKeyDigest(key, pepper).toString('hex')}`
}

/** The 32 bytes of the HMAC. */
export function callerKeyDigest(key: string, pepper: Secret | undefined): Buffer {
  return createHmac('sha256', pepper?.reveal() ?? DEFAULT_DOMAIN)
    .update(key)
    .digest()
}

function checksumOf(body: string): string {
  let rest = crc32(body)
  let text = ''
  // As `toBase62` writes it; 32 bits need no bigint, and every request comes through here.
  for (let digit = 0; digit < CHECKSUM_LENGTH; digit += 1) {
    text = `${ALPHABET[rest % 62]}${text}`
    rest = Math.floor(rest / 62)
  }
  return text
}

function toBase62(number: bigint, length: number): string {
  let rest = number
  let text = ''
  for (let digit = 0; digit < length; digit += 1) {
    text = `${ALPHABET[Number(rest % 62n)]}${text}`
    rest /= 62n
  }
  return text
}
