// Where secrets come from: a reference is parsed, then read into a Secret; a literal is refused unseen.
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Secret } from 'ai-lib/internal/errors/secret'

export type Environment = Readonly<Record<string, string | undefined>>

export type Reference =
  | { readonly kind: 'env'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | VaultReference

/** One field of a secret in a KV version 2 mount. */
export interface VaultReference {
  readonly kind: 'vault'
  readonly mount: string
  readonly path: string
  readonly field: string
  readonly text: string
}

export type ParsedReference =
  | { readonly kind: 'reference'; readonly reference: Reference }
  /** A scheme that a later version reads. */
  | { readonly kind: 'unavailable'; readonly scheme: string }
  /** `why` never quotes the text. */
  | { readonly kind: 'refused'; readonly why: string }

export type SecretResult =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | { readonly kind: 'failed'; readonly why: string }

export interface SourceParts {
  readonly env: Environment
  /** Relative paths start here. */
  readonly folder: string
  /** Absent where no Vault is configured. */
  readonly vault?: VaultReader | undefined
}

/** What reads from Vault. */
export interface VaultReader {
  /** Never rejects. `why` follows the reference's text in a sentence. */
  read(reference: VaultReference): Promise<SecretValue>
}

/** A value as its place holds it, or why there is none, in words that follow the reference's text. */
export type SecretValue =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'absent'; readonly why: string }

const LATER = ['aws-sm', 'gcp-sm', 'azure-kv']
const EXPECTED = 'expected a reference such as env:NAME, file:/path or vault:mount/path#field'
export const maxSecretBytes = 1024 * 1024

/** Whether a text starts like a reference of this or a later version. */
export function isReference(text: string): boolean {
  return /^(?:env|file|vault|aws-sm|gcp-sm|azure-kv):/.test(text)
}

/** Reads the form of a reference; opens nothing. */
export function parseReference(text: string): ParsedReference {
  const colon = text.indexOf(':')
  const scheme = colon < 0 ? '' : text.slice(0, colon)
  const rest = text.slice(colon + 1)
  if (LATER.includes(scheme)) return { kind: 'unavailable', scheme }
  if (text.includes('${')) return refuse(`found "\${", which secrets do not take; ${EXPECTED}`)
  if (scheme === 'env') {
    if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(rest)) return refer({ kind: 'env', name: rest, text })
    return refuse(`found env: and something that is no variable's name; ${EXPECTED}`)
  }
  if (scheme === 'file') {
    if (rest !== '' && !rest.includes('\0') && !rest.includes('\n')) return refer({ kind: 'file', path: rest, text })
    return refuse(`found file: without a path; ${EXPECTED}`)
  }
  if (scheme === 'vault') return parseVault(rest, text)
  return refuse(`found a literal of ${text.length} characters; ${EXPECTED}. Put the secret into a variable or a file`)
}

// Each part is kept to what needs no escaping in a path, so that nobody reaches another route of Vault by a reference.
function parseVault(rest: string, text: string): ParsedReference {
  const parts = /^([\w.-]{1,128})\/([\w./ -]{1,512})#([\w.-]{1,128})$/.exec(rest)
  const [, mount = '', path = '', field = ''] = parts ?? []
  const isPlain = [mount, ...path.split('/')].every((step) => step !== '' && step !== '.' && step !== '..')
  if (parts && isPlain) return refer({ kind: 'vault', mount, path, field, text })
  return refuse('found vault: and something else than mount/path#field; expected one such as vault:kv/openai#key')
}

/** Reads what a reference names. Empty is a failure, and so is what is only blanks. */
export async function readReference(reference: Reference, parts: SourceParts): Promise<SecretResult> {
  const result = await readValue(reference, parts)
  if (result.kind === 'absent') return failed(`${reference.text} ${result.why}`)
  return { kind: 'secret', secret: new Secret(result.value) }
}

/** As `readReference`, with a reason that does not repeat the reference. */
export async function readValue(reference: Reference, { env, folder, vault }: SourceParts): Promise<SecretValue> {
  const result = await readPlace(reference, { env, folder, vault })
  return result.kind === 'value' && result.value.trim() === '' ? absent('is empty') : result
}

async function readPlace(reference: Reference, { env, folder, vault }: SourceParts): Promise<SecretValue> {
  switch (reference.kind) {
    case 'env': {
      const value = env[reference.name]
      return value === undefined ? absent('is not set') : { kind: 'value', value }
    }
    case 'file':
      return readSecretFile(resolve(folder, reference.path))
    case 'vault':
      return vault ? vault.read(reference) : absent('needs secrets.vault.address, or VAULT_ADDR in the environment')
  }
}

async function readSecretFile(path: string): Promise<SecretValue> {
  try {
    // A pipe or a device would never end.
    const status = await stat(path)
    if (!status.isFile()) return absent('is not a file')
    if (status.size > maxSecretBytes) return absent('is larger than 1 MiB')
    return { kind: 'value', value: (await readFile(path, 'utf8')).replace(/\r?\n$/, '') }
  } catch (error) {
    return absent(`cannot be read (${readFault(error)})`)
  }
}

/** `ENOENT` and the like; the whole message would repeat the path. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error'
}

const meanings: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such folder'],
  ['EACCES', 'this user may not read it'],
])

/** `ENOENT: there is no such file` and the like: why a file cannot be read. */
export function readFault(error: unknown): string {
  const code = errorCodeOf(error)
  const meaning = meanings.get(code)
  return meaning === undefined ? code : `${code}: ${meaning}`
}

function refer(reference: Reference): ParsedReference {
  return { kind: 'reference', reference }
}

function refuse(why: string): ParsedReference {
  return { kind: 'refused', why }
}

function failed(why: string): SecretResult {
  return { kind: 'failed', why }
}

function absent(why: string): SecretValue {
  return { kind: 'absent', why }
}
