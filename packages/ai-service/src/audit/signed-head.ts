// Signs how far a chain goes: whoever lacks the key can neither write a chain anew nor cut its end unnoticed.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { canonicalJson } from './canonical-json.ts'

export interface SignedHead {
  readonly kind: 'head'
  readonly writer: string
  readonly count: number
  /** Of record number `count`. */
  readonly hash: string
  readonly time: string
  /** Base64 of the DER form (SPKI) of the Ed25519 key. */
  readonly public_key: string
  /** Base64 over canonical JSON of the rest. */
  readonly signature: string
}

export interface HeadSigner {
  readonly publicKey: string
  sign(writer: string, count: number, hash: string, time: string): SignedHead
}

/** @throws Error where the text is no Ed25519 private key in PEM. */
export function createHeadSigner(pem: string): HeadSigner {
  const key = readSigningKey(pem)
  const publicKey = publicText(createPublicKey(key))
  return {
    publicKey,
    sign(writer, count, hash, time) {
      // Canonical order by hand: this runs for every group commit.
      const rest = { count, hash, kind: 'head', public_key: publicKey, time, writer } as const
      return { ...rest, signature: sign(null, Buffer.from(JSON.stringify(rest)), key).toString('base64') }
    },
  }
}

/** @throws Error where the text is no Ed25519 private key in PEM. */
export function readSigningKey(pem: string): KeyObject {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`a key of type ${key.asymmetricKeyType}`)
  return key
}

export function publicText(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64')
}

/** Whether a head was signed by the key that it names, and says what it was signed for. */
export function isSigned({ signature, ...rest }: SignedHead): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(rest.public_key, 'base64'), type: 'spki', format: 'der' })
    if (key.asymmetricKeyType !== 'ed25519') return false
    return verify(null, Buffer.from(canonicalJson(rest)), key, Buffer.from(signature, 'base64'))
  } catch {
    return false // What is no key has signed nothing.
  }
}

/** A head from a line of JSON that may say more, such as one of the log; undefined where it is none. */
export function parseHead(text: string): SignedHead | undefined {
  try {
    return readHead(JSON.parse(text))
  } catch {
    return undefined // A line of something else.
  }
}

export function readHead(value: unknown): SignedHead | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, writer, count, hash, time, public_key, signature, message } = value as Readonly<Record<string, unknown>>
  if ((kind !== 'head' && message !== 'audit head') || typeof count !== 'number') return undefined
  if (typeof writer !== 'string' || typeof hash !== 'string' || typeof time !== 'string') return undefined
  if (typeof public_key !== 'string' || typeof signature !== 'string') return undefined
  return { kind: 'head', writer, count, hash, time, public_key, signature }
}

/** The key in a file; made there, readable for this user alone, where there is none. @throws Error naming the file. */
export function openSigningKey(path: string): string {
  try {
    return writeKey(path)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
    return readFileSync(path, 'utf8')
  }
}

function writeKey(path: string): string {
  const file = openSync(path, 'wx', 0o600)
  try {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    writeSync(file, pem)
    fsyncSync(file)
    return pem
  } finally {
    closeSync(file)
  }
}
