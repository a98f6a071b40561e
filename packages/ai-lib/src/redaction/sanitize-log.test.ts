// Whole secrets go, however they are written; ordinary text stays.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../errors/fingerprint.ts'
import { Secret } from '../errors/secret.ts'
import { sanitizeLog } from './sanitize-log.ts'

const letters = 'aB3dE5gH7jK9mN2pQ4sT6vW8yZ1xC0fL'

/** The kind of secret, a text that holds one, and what of it must be gone. */
const held: readonly (readonly [string, string, string])[] = [
  ['sk-key', `Incorrect API key provided: sk-proj-${letters}.`, `sk-proj-${letters}`],
  ['sk-key', 'a token of sixteen letters: sk-abcdefghijklm', 'sk-abcdefghijklm'],
  ['sk-key', `sk-with-+/=signs+/=${letters}`, `sk-with-+/=signs+/=${letters}`],
  ['anthropic-key', `x-api-key: sk-ant-api03-${letters}`, `sk-ant-api03-${letters}`],
  ['caller-key', `"ais_k1_${letters}"`, `ais_k1_${letters}`],
  ['google-key', `https://host/v1?key=AIzaSy${letters}0&x=1`, `AIzaSy${letters}0`],
  ['github-token', `remote: ghp_${letters}abcd`, `ghp_${letters}abcd`],
  ['aws-access-key', 'AKIAZ7QX3M5N2P4R6T8V', 'AKIAZ7QX3M5N2P4R6T8V'],
  ['bearer-token', 'Authorization: Bearer a1', 'a1'],
  ['bearer-token', `bearer\t${letters}`, letters],
  ['bearer-token', `Bearer+${letters}`, letters],
  ['bearer-token', 'Bearer abc|def.ghi~jkl+mno/pqr==', 'abc|def.ghi~jkl+mno/pqr=='],
  ['basic-credentials', 'Authorization: Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
  ['url-credentials', 'proxy http://user:pa55-word@proxy:8080 refused', 'pa55-word'],
  ['url-credentials', 'redis://:p@ss@host:6379', 'p@ss'],
  ['url-credentials', `https://${letters}@github.com/x`, letters],
  ['url-parameter', 'GET /x?user=1&access_token=abc123def', 'abc123def'],
  ['url-parameter', `https://b.s3.amazonaws.com/k?X-Amz-Signature=${letters}`, letters],
  ['named-credential', '{"password":"hunter2-hunter2"}', 'hunter2-hunter2'],
  ['named-credential', "api_key = 'zx81spectrum'", 'zx81spectrum'],
  ['cookie', 'Set-Cookie: session=abcdef123456; Path=/', 'abcdef123456'],
  ['jwt', 'token eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl', 'eyJzdWIiOiIxMjM0.c2lnbmF0dXJl'],
  ['private-key', `-----BEGIN PRIVATE KEY-----\n${letters}\n-----END PRIVATE KEY----- after`, letters],
  ['private-key', `-----BEGIN RSA PRIVATE KEY-----\n${letters}\ncut off here`, 'cut off here'],
]

describe('T17 B10 the whole secret goes, a fingerprint stays', () => {
  test.each(held)('%s: %s', (what, text, secret) => {
    const sanitized = sanitizeLog(text)
    expect(sanitized).toMatch(new RegExp(String.raw`\[redacted:${what}:[0-9a-f]{8}\]`))
    expect(sanitized).not.toContain(secret)
    expect(sanitizeLog(sanitized)).toBe(sanitized)
  })

  test('also where JSON, a URL or HTML has escaped letters of it', () => {
    const ways: readonly ((text: string) => string)[] = [
      (text) => JSON.stringify({ message: text }),
      (text) => JSON.stringify(JSON.stringify({ message: `\n${text}\n` })),
      (text) => encodeURIComponent(`"${text}"`),
      (text) => text.replaceAll('/', '\\/').replaceAll('+', '\\u002b'),
      (text) => text.replaceAll('"', '&quot;').replaceAll('+', '&#43;').replaceAll('/', '&#x2f;'),
    ]
    for (const [what, text, secret] of held)
      for (const way of ways) {
        const sanitized = sanitizeLog(way(text))
        expect(sanitized).toContain(`[redacted:${what}:`)
        expect(sanitized).not.toContain(secret)
      }
  })

  test('the fingerprint is that of a Secret of the same value, in every encoding', () => {
    const key = `sk-proj-${letters}`
    for (const text of [key, `Bearer ${key}`, encodeURIComponent(`?key=${key}`), JSON.stringify([`\t${key}`])])
      expect(sanitizeLog(text)).toContain(`:${new Secret(key).fingerprint}]`)
    expect(new Secret(key).fingerprint).toBe(fingerprintOf(key))
  })

  test('several in one text, and some without a sign between', () => {
    const sanitized = sanitizeLog(`AKIAZ7QX3M5N2P4R6T8Vsk-abcdefghijklmnop and Bearer x.y and Bearer z`)
    expect(sanitized.match(/\[redacted:/g)).toHaveLength(4)
    expect(sanitized).not.toMatch(/AKIA|sk-a|x\.y|z/)
  })

  test('wherever it stands', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom(...held), (before, after, [, text, secret]) => {
        const sanitized = sanitizeLog(`${before} ${text} ${after}`)
        expect(`${before}${after}`.includes(secret) || !sanitized.includes(secret)).toBe(true)
        expect(sanitized).toContain('[redacted:')
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('T17 a secret that is given by value', () => {
  const secret = new Secret('Zq7+Lm2/Xw9cVb4n')
  const value = secret.reveal()
  const mark = `[redacted:secret:${secret.fingerprint}]`
  test.each([
    ['raw', value],
    ['in lower case', value.toLowerCase()],
    ['base64', Buffer.from(value).toString('base64')],
    ['base64url', Buffer.from(value).toString('base64url')],
    ['hex', Buffer.from(value).toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(value)],
    ['escaped', JSON.stringify(value.replaceAll('/', '\\/'))],
  ])('%s', (_, form) => {
    for (const [before, after] of [
      ['', ''],
      ['x', 'y'],
      ['İİ ', ' "'],
    ] as const)
      expect(sanitizeLog(before + form + after, [secret])).toContain(mark)
    expect(sanitizeLog(`Bearer ${form}`, new Set([secret]))).toMatch(/^Bearer \S*\[redacted:secret:\w{8}\]\S*$/)
  })

  test('in base64 of something longer, wherever it begins', () => {
    for (const user of ['', 'u', 'us', 'use'])
      expect(sanitizeLog(Buffer.from(`${user}:${value}:more`).toString('base64'), [secret])).toContain(mark)
  })
})

describe('ordinary text stays', () => {
  test.each([
    '',
    'The bearer of this letter; bearer token is required; Bearer authentication',
    'WWW-Authenticate: Bearer realm="api", error="invalid_token"',
    'basic understanding, Basic authentication',
    'task-abcdefghijklmnopqrstuvwxyz and risk-assessment-of-everything',
    'sk-short, sk-abcdefghijkl',
    'password: incorrect',
    'api_key: required',
    'https://user@host/path, git@github.com:owner/name.git, http://[::1]:8080/',
    '?key=name&sort=token',
    '100% of &amp; and \\n stay \\u0041 %41 as they are',
    '[redacted:sk-key:8c61e7b2] and [redacted:aws-access-key:17f5c54b]',
    'cookie: none',
    '\ud800 \u0000 \u{1f511}',
  ])('%j', (text) => {
    expect(sanitizeLog(text)).toBe(text)
  })

  test('any text without a secret comes back as it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', ' ', '\\', '%4', '&', 'u00', '"', '{', '%', 'é', '/', '\n')),
        (parts) => {
          expect(sanitizeLog(parts.join(''))).toBe(parts.join(''))
        },
      ),
    )
  })
})

describe('T20 texts that are made to be slow', () => {
  const pieces = [
    'sk-',
    'sk-ant-',
    'Bearer ',
    'Bearer \t',
    'eyJ',
    'eyJaaaaaaaaaa.',
    '://',
    '://a:',
    '://a:b',
    'password=',
    '?key=',
    'cookie=a=',
    'basic ',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN ',
    '\\\\',
    '\\u0025',
    '%25',
    '%2525',
    '&#38;',
    'authorization: bearer ',
  ]
  test.each(pieces)('%j, 200,000 times', (piece) => {
    expect(sanitizeLog(piece.repeat(200_000)).length).toBeGreaterThan(0)
  })
})
