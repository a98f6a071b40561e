// Signs thinking so that a client that alters it on the way back is found out, as at the real service.
import { createHash } from 'node:crypto'

const PREFIX = 'sim-sig-'

export function signThinking(thinking: string): string {
  return PREFIX + createHash('sha256').update(thinking).digest('base64')
}

/** Only our own signatures are checked: recordings carry real ones that nobody here can verify. */
export function isForged(thinking: string, signature: string): boolean {
  return signature.startsWith(PREFIX) && signature !== signThinking(thinking)
}
