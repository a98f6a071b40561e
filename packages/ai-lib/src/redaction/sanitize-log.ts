// Takes what looks like a secret out of text that is going to be logged.
import type { Secret } from '../errors/secret.ts'
import { findShapes } from './find-shapes.ts'
import { findValues } from './find-values.ts'
import { redactText } from './redact-text.ts'

/**
 * The text without what looks like a secret: in place of each whole secret stands `[redacted:<kind>:<fingerprint>]`,
 * where the fingerprint is the `fingerprint` of a `Secret` of that value, so that lines of one key can be joined.
 *
 * It knows what follows `Bearer `, `sk-` tokens of 16 characters and more, keys of the common vendors by their prefix,
 * Basic credentials, passwords in URLs, parameters and fields named as secrets, cookies, JSON Web Tokens and private keys, also where
 * JSON, a URL or HTML has escaped letters of them. A secret that has no such form and no such place is found where it is
 * given as `secrets`. Hand keys around as `Secret`, which never prints. Its time is linear in the text.
 *
 * @param text anything; what has nothing to hide comes back as it is.
 * @param secrets of eight letters and more: looked for by value too, raw, in base64, hex, URL-encoded or escaped.
 * @returns never throws.
 *
 * @example
 * ```ts
 * import { sanitizeLog } from 'ai-lib'
 * console.log(sanitizeLog('401: Incorrect API key provided: sk-proj-abcdefghijklmnop'))
 * // 401: Incorrect API key provided: [redacted:sk-key:88eab513]
 * ```
 */
export function sanitizeLog(text: string, secrets: Iterable<Secret> = []): string {
  const known = [...secrets]
  return redactText(text, (view) => [...findValues(view, known), ...findShapes(view)])
}
