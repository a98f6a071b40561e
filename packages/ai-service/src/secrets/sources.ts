// Where secrets come from: a reference is parsed, then read into a Secret; a literal is refused unseen.
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Secret } from 'ai-lib/internal/errors/secret'

export type Environment = Readonly<Record<string, string | undefined>>

export type Reference =
  | { readonly kind: 'env'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }

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
}

const LATER = ['vault', 'aws-sm', 'gcp-sm', 'azure-kv']
const EXPECTED = 'expected a reference such as env:NAME or file:/path'
const MAX_SECRET_BYTES = 1024 * 1024

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
  return refuse(`found a literal of ${text.length} characters; ${EXPECTED}. Put the secret into a variable or a file`)
}

/** Reads what a reference names. Empty is a failure, and so is what is only blanks. */
export async function readReference(reference: Reference, { env, folder }: SourceParts): Promise<SecretResult> {
  const value = reference.kind === 'env' ? env[reference.name] : await readSecretFile(resolve(folder, reference.path))
  if (value === undefined) return failed(`${reference.text} is not set`)
  if (typeof value === 'object') return failed(`${reference.text} ${value.why}`)
  return value.trim() === '' ? failed(`${reference.text} is empty`) : { kind: 'secret', secret: new Secret(value) }
}

async function readSecretFile(path: string): Promise<string | { readonly why: string }> {
  try {
    // A pipe or a device would never end.
    const status = await stat(path)
    if (!status.isFile()) return { why: 'is not a file' }
    if (status.size > MAX_SECRET_BYTES) return { why: 'is larger than 1 MiB' }
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    return { why: `cannot be read (${readFault(error)})` }
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
