// URL values: written out, as a reference, or with ${NAME} in them; a password in them is never printed.
import { Secret } from 'ai-lib/internal/errors/secret'
import { isDeniedAddress, literalAddress } from 'ai-lib/internal/transport/address-guard'
import { isReference } from '../secrets/sources.ts'
import { type Building, readSecret, variable } from './building.ts'
import type { GuardedUrl } from './config.ts'
import { formatPath, type Path } from './problem.ts'

/** The text of a URL value with its reference or variables filled in; `undefined` once its problem is noted. */
export async function readUrlValue(text: string, path: Path, building: Building): Promise<string | undefined> {
  return isReference(text) ? (await readSecret(text, path, building))?.reveal().trim() : fillUrl(text, path, building)
}

/** The same where `file:` is a target and no reference. */
export function fillUrl(text: string, path: Path, building: Building): string | undefined {
  let isWhole = true
  const filled = text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? variable(building.env, name) : undefined
    if (value !== undefined) return value
    isWhole = false
    building.findings.problem(path, `found \${} around a variable that is not set or is empty, expected a set one`)
    return ''
  })
  if (isWhole && filled === text && hasPassword(text)) {
    building.findings.warn(
      `${formatPath(path)} has a password written out: put the URL into a variable (env:NAME) or the password into \${NAME}.`,
    )
  }
  return isWhole ? filled : undefined
}

/** A proxy's URL, its password kept apart from what may be shown. */
export function readProxyUrl(text: string): GuardedUrl | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') return undefined
  return { url: new Secret(text), shown: `${url.protocol}//${url.host}` }
}

export type BaseUrl = { readonly kind: 'url'; readonly url: URL } | { readonly kind: 'refused'; readonly why: string }

/** A base URL as vendors document it: http or https, no query, no user. `why` never quotes the text. */
export function readBaseUrl(text: string): BaseUrl {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return { kind: 'refused', why: 'found no http:// or https:// URL, expected one such as https://api.example.com/v1' }
  }
  if (url.username !== '' || url.password !== '') {
    return { kind: 'refused', why: 'found a user or password in the URL, expected a URL without: keys go under keys' }
  }
  if (url.search !== '' || url.hash !== '') {
    return {
      kind: 'refused',
      why: 'found a query or fragment in the URL, expected a URL without: keys never travel in URLs',
    }
  }
  if (/[{}]|%7B|%7D/i.test(text)) {
    return { kind: 'refused', why: 'found {…} in the URL, expected your own resource or region in its place' }
  }
  return { kind: 'url', url }
}

/** The form that requests are built on: no slash at the end. */
export function withoutSlash(url: URL): string {
  return url.href.replace(/\/+$/, '')
}

/** Whether a host can only be on this machine or network: a denied address, `localhost`, or a name no public DNS has. */
export function isPrivateHost(url: URL): boolean {
  const address = literalAddress(url.hostname)
  if (address !== undefined) return isDeniedAddress(address)
  const name = url.hostname.toLowerCase().replace(/\.$/, '')
  return !name.includes('.') || /\.(?:localhost|local|internal|lan|home\.arpa|svc|cluster\.local)$/.test(name)
}

/** Whether a host can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare)
}

function hasPassword(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*:[^/?#\s]+@/i.test(text)
}
