// Secrets leave no text in any encoding or place, and what is no secret stays as it is.
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { createHash, randomUUID } from 'node:crypto'
import { errorTable } from 'ai-lib/internal/errors/error-codes'
import { Secret } from 'ai-lib/internal/errors/secret'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRequestId } from '../telemetry/request-id.ts'
import { createRedactor } from './redactor.ts'

const canary = 'canary/7f3a+91c2 e8="q"'
const secret = new Secret(canary)
const { redact, excerpt } = createRedactor({ secrets: [secret, new Secret('another-secret-value')] })
const mark = `[redacted:secret:${secret.fingerprint}]`

const forms: readonly (readonly [string, string])[] = [
  ['raw', canary],
  ['as a JSON string', JSON.stringify({ key: canary })],
  ['as JSON in JSON', JSON.stringify(JSON.stringify({ key: canary }))],
  ['as JSON of a careful writer', canary.replaceAll('/', '\\/').replaceAll('"', '\\u0022').replaceAll('+', '\\u002b')],
  ['base64', Buffer.from(canary).toString('base64')],
  ['base64url', Buffer.from(canary).toString('base64url')],
  ['hex', Buffer.from(canary).toString('hex')],
  ['upper-case hex', Buffer.from(canary).toString('hex').toUpperCase()],
  ['URL-encoded', encodeURIComponent(canary)],
  ['URL-encoded in lower case', encodeURIComponent(canary).replaceAll(/%../g, (code) => code.toLowerCase())],
  ['URL-encoded twice', encodeURIComponent(encodeURIComponent(canary))],
  ['form-encoded', new URLSearchParams({ key: canary }).toString()],
  ['base64, URL-encoded', encodeURIComponent(Buffer.from(canary).toString('base64'))],
  ['base64 in JSON with escaped slashes', Buffer.from(`${canary}?`).toString('base64').replaceAll('/', '\\/')],
  ['of HTML', canary.replaceAll('"', '&quot;').replaceAll('+', '&#43;').replaceAll('/', '&#x2F;')],
  ['in lower case', canary.toLowerCase()],
]

describe('T17 a configured secret', () => {
  test.each(forms)('%s is found anywhere in a text', (_name, form) => {
    for (const text of [form, `a ${form} b`, `${form}${form}`, `x${form}`, `x".${form}'`, `?q=${form}&r=1`]) {
      const redacted = redact(text)
      expect(redacted).toContain(mark)
      expect(redacted).not.toContain(form)
      expect(redacted.toLowerCase()).not.toContain(canary.slice(0, 14).toLowerCase())
    }
  })

  test('in Basic credentials is found at every offset of base64', () => {
    for (const user of ['', 'u', 'us', 'user', 'users']) {
      const header = Buffer.from(`${user}:${canary}:tail`).toString('base64')
      expect(redact(header)).toContain(mark)
      expect(Buffer.from(redact(header).replace(mark, ''), 'base64').toString()).not.toContain('7f3a')
    }
  })

  test('is found whatever it is made of, in each form, wherever it stands', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 })
    const encodings: readonly ((text: string) => string)[] = [
      (text) => text,
      (text) => Buffer.from(text).toString('hex'),
      (text) => Buffer.from(text).toString('base64'),
      (text) => Buffer.from(text).toString('base64url'),
      (text) => encodeURIComponent(text),
      (text) => JSON.stringify(text).slice(1, -1),
    ]
    const places: readonly ((text: string, before: string, after: string) => string)[] = [
      (text, before, after) => `${before}|${text}|${after}`,
      (text, before, after) => JSON.stringify({ [before]: `${after}|${text}|` }),
      (text, before, after) => JSON.stringify(JSON.stringify([before, `|${text}|`, after])),
      (text, before, after) => `https://host/${encodeURIComponent(before)}?q=${encodeURIComponent(text)}&${after}`,
      (text, before, after) => `${before}'${text}'${after}`,
    ]
    fc.assert(
      fc.property(
        value,
        fc.string(),
        fc.string(),
        fc.constantFrom(...encodings),
        fc.constantFrom(...places),
        (text, before, after, encode, place) => {
          fc.pre(text.isWellFormed() && Buffer.byteLength(text) >= 8 && encode(text).length >= 8)
          const own = createRedactor({ secrets: [new Secret(text)], rules: [] })
          const redacted = own.redact(place(encode(text), before, after))
          expect(redacted).toContain('[redacted:')
          expect(redacted).not.toContain(`|${encode(text)}|`)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('that begins with another leaves none of its end behind', () => {
    const both = createRedactor({ secrets: [new Secret('secret-value'), new Secret('secret-value-and-more')] })
    expect(both.redact('x secret-value-and-more y')).toMatch(/^x \[redacted:secret:[0-9a-f]{8}\] y$/)
  })

  test('of fewer than eight characters would blank ordinary words and is left alone', () => {
    expect(createRedactor({ secrets: [new Secret('ollama')] }).redact('provider ollama failed')).toBe(
      'provider ollama failed',
    )
  })

  test('that came at run time is found from then on', () => {
    const own = createRedactor()
    expect(own.redact('x rotated-canary-value y')).toBe('x rotated-canary-value y')
    const rotated = new Secret('rotated-canary-value')
    own.add(rotated)
    own.add(rotated)
    expect(own.redact('x rotated-canary-value y')).toBe(`x [redacted:secret:${rotated.fingerprint}] y`)
  })

  test('of a long row of rotations: the latest are found, and those of the configuration always', () => {
    const own = createRedactor({ secrets: [new Secret('configured-canary')], rules: [] })
    for (let count = 0; count < 1_100; count++) own.add(new Secret(`rotation-canary-${count}-`))
    for (const count of [700, 1_000, 1_099])
      expect(own.redact(`rotation-canary-${count}-`)).toMatch(/^\[redacted:.*\]$/)
    expect(own.redact('configured-canary')).toMatch(/^\[redacted:.*\]$/)
    expect(own.redact('rotation-canary-1-')).toBe('rotation-canary-1-')
  })

  test('in a URL takes its password with it, in a file each of its long lines', () => {
    const line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB'
    const own = createRedactor({
      secrets: [new Secret('postgres://user:pass%2Bword-91@db:5432/x'), new Secret(`-----BEGIN\n${line}\nabc\n`)],
    })
    for (const shown of ['pass+word-91', 'pass%2Bword-91', Buffer.from('x:pass+word-91').toString('base64'), line])
      expect(own.redact(`failed: ${shown}.`)).toMatch(/^failed: .*\[redacted:secret:[0-9a-f]{8}\].{0,2}\.$/)
  })

  test('of 32 bytes is found as base64 and as hex, however it was written down', () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 37 + 11) % 256))
    const written = ['base64', 'base64url', 'hex'] as const
    for (const encoding of written) {
      const own = createRedactor({ secrets: [new Secret(`${bytes.toString(encoding)}\n`.trimEnd())], rules: [] })
      for (const other of written)
        expect(own.redact(`key ${bytes.toString(other)}!`)).toMatch(/^key \[redacted:.*\].{0,2}!$/)
    }
  })

  test('is not in the redactor when that is printed', () => {
    const own = createRedactor({ secrets: [new Secret('printed-canary-value')] })
    expect(inspect(own, { depth: 9, showHidden: true })).not.toContain('printed-canary')
  })
})

describe('T17 a text that is cut', () => {
  test('shows no part of a secret that the cut goes through, wherever that is', () => {
    for (const [, form] of forms)
      for (let before = 90 - form.length; before <= 101; before++) {
        const shown = excerpt(`${'x'.repeat(Math.max(0, before))} ${form} ${'y'.repeat(9_000)}`, 100)
        expect(shown.toLowerCase()).not.toMatch(/canary|y2fuyxj|63616e61/)
        expect(shown.length).toBeLessThan(300)
      }
  })

  test('says how much is missing', () => {
    expect(excerpt('x'.repeat(1_000), 100)).toBe(`${'x'.repeat(100)}… (900 more)`)
    expect(excerpt('x'.repeat(100), 100)).toBe('x'.repeat(100))
  })

  test('of any length comes back bounded', () => {
    expect(redact('x'.repeat(3_000_000))).toHaveLength(64 * 1024 + '… (2934464 more)'.length)
  })
})

describe('T17 what looks like a credential', () => {
  test.each([
    'authorization: Bearer abcdefgh12345678',
    'Bearer  eyJhbGciOi.eyJzdWIi.c2ln-natu_re',
    'Incorrect API key provided: sk-proj-abcdefghijklmnop1234.',
    'key=sk-ant-api03-abcdefghijklmnop',
    '"ais_k1_abcdefghijklmnopqrstuvwxyz"',
  ])('%s loses its key', (text) => {
    const redacted = redact(text)
    expect(redacted).toMatch(/\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]/)
    expect(redacted).not.toMatch(/abcdefgh|eyJ/)
  })

  test('the same key has the same mark as its Secret, so that lines can be joined', () => {
    const key = 'sk-abcdefghijklmnop1'
    const redacted = redact(`${key} then {\\"k\\":\\"${key}\\"} then Bearer ${key}2`)
    const marks = redacted.match(/[0-9a-f]{8}(?=\])/g)
    expect(marks?.slice(0, 2)).toEqual([new Secret(key).fingerprint, new Secret(key).fingerprint])
    expect(marks?.[2]).not.toBe(marks?.[0])
  })

  test('needs more than a name: exceptions and entropy of the rule of names hold', () => {
    expect(redact('api_token = "f4Kq9ZxW2bTn7RvL0dYsMh3c"')).toMatch(/^api_token = "\[redacted:[a-z-]+:.{8}\]"$/)
    for (const text of [
      'auth_flow: client-credentials',
      'key_word=aaaaaaaaaaaaaaaaaaaa',
      'access: denied-for-everyone',
    ])
      expect(redact(text)).toBe(text)
  })
})

describe('no false alarm', () => {
  const hash = createHash('sha256').update('x').digest('hex')
  const uuid = randomUUID()
  test.each([
    '',
    'Send a caller key as Authorization: Bearer, x-api-key, x-goog-api-key or api-key.',
    'task-abcdefghijklmnopqrstuvwxyz',
    'sk-short',
    'The model gpt-4o does not exist.',
    '{"risk-assessment-of-everything":1}',
    createRequestId(),
    `key: ${createRequestId()}`,
    `x-request-id: ${uuid}`,
    `{"id":"${uuid}","model":"claude-sonnet-5"}`,
    `"prev_hash":"${hash}","hash":"${hash}"`,
    `{"key_fingerprint":"9df37f5e","seq":12,"prev_hash":"${hash}"}`,
    `chatcmpl-${hash.slice(0, 29)}`,
    `msg_01${hash.slice(0, 22)}`,
    'connect ECONNREFUSED 127.0.0.1:8443',
    'https://platform.openai.com/docs/guides/error-codes/api-errors',
    'WWW-Authenticate: Bearer realm="api", error="invalid_token"',
    'file:///etc/ai-service/ai-service.yaml',
    '/v1beta/models/gemini-3.8-flash:streamGenerateContent',
    'anthropic-version: 2023-06-01',
    'Error: read ECONNRESET\n    at TLSWrap.onStreamRead (node:internal/stream_base_commons:216:20)',
  ])('%j stays', (text) => {
    expect(redact(text)).toBe(text)
  })

  test('names of models and messages of ours stay', () => {
    const models = readFileSync(new URL('../../../ai-lib/src/catalog/data/models.ts', import.meta.url), 'utf8')
    const names = [...models.matchAll(/"([a-z][\w./:-]{3,60})"/g)].map(([, name]) => name ?? '')
    expect(names.length).toBeGreaterThan(300)
    for (const name of names) {
      expect(redact(name)).toBe(name)
      const refusal = `The model \`${name}\` does not exist or you do not have access to it.`
      expect(redact(refusal)).toBe(refusal)
    }
    for (const { message } of Object.values(errorTable)) expect(redact(message)).toBe(message)
  })
})

describe('T20 texts that are made to be slow or to break it', () => {
  test('come out, searched or withheld', () => {
    const pieces = [
      'sk-sk-proj-',
      'Bearer ',
      'Bearer   \t ',
      'canary/7f3a+91c2 e8="',
      'ais_sk-',
      'eyJ',
      'key=',
      'secret_key',
      'token:',
      '-----BEGIN PRIVATE KEY-----',
      '://a:',
      'password="',
      '%25',
      '\\\\',
      '&#38;',
      'aws_secret_access_key=',
      'curl -u ',
      'kind: secret data: ',
      'A3-',
      'eyJaaaaaaaaaa.',
      '[\'"=>',
      'xoxb-1',
      '\ud800',
      '\u0000',
      '\u{1f511}',
    ]
    for (const piece of pieces) {
      const redacted = redact(piece.repeat(Math.ceil(65_536 / piece.length)))
      expect(redacted.length).toBeGreaterThan(0)
    }
  })

  test('more kinds of secret than a text of its length justifies: it is withheld whole', () => {
    const names = 'key secret token adafruit adobe airtable algolia asana atlassian beamer bitbucket'
    const crammed = `${names}: ${'0'.repeat(80)} `.repeat(400)
    expect(redact(crammed)).toMatch(/^\[redacted:unsearched:[0-9a-f]{8}\]/)
  })

  test('a rule that breaks withholds the text and throws nothing', () => {
    const broken = createRedactor({ rules: [{ id: 'broken', keywords: ['zz'], regex: '(', run: 0 }] })
    expect(broken.redact('a text with zz in it')).toMatch(/^\[redacted:unsearched:[0-9a-f]{8}\]$/)
    expect(broken.redact('a text without')).toBe('a text without')
  })

  test('any letters near any keyword come out', () => {
    const keyword = fc.constantFrom(
      'key=',
      'secret: ',
      'adobe=',
      'eyJ',
      's.',
      '-----BEGIN',
      'curl -u ',
      'ghp_',
      'password":"',
    )
    const letters = fc.string({ unit: 'binary', maxLength: 60 })
    fc.assert(
      fc.property(fc.array(fc.tuple(letters, keyword, letters), { maxLength: 5 }), (parts) => {
        expect(typeof redact(parts.flat().join(''))).toBe('string')
      }),
      { numRuns: 1_000 },
    )
  })

  test('naughty strings come out as they are, and a second time changes nothing', () => {
    const naughty = JSON.parse(
      readFileSync(new URL('../../../../tests/fixtures/naughty-strings/naughty-strings.json', import.meta.url), 'utf8'),
    ) as readonly string[]
    for (const text of naughty) expect(redact(text)).toBe(text)
    for (const text of naughty) expect(redact(`${text}${canary}${text}`)).toBe(`${text}${mark}${text}`)
  })

  test('what is redacted already stays as it is', () => {
    const piece = fc.constantFrom(
      canary,
      'sk-abcdefghijklmnop1',
      'Bearer ',
      'Basic ',
      'dXNlcjpwYXNz',
      'key=',
      'password: ',
      '?token=',
      'https://u:',
      '@host/',
      '"',
      "'",
      ' ',
      '\n',
      '\\n',
      '%20',
      '{"api_key":"',
      'f4Kq9ZxW2bTn7RvL0dYsMh3c',
      '[redacted:',
      ']',
      ':',
      ';',
      'Cookie: a=',
      'AKIAZ7QX3M5N2P4R6T8V',
      '-----BEGIN PRIVATE KEY-----',
      'authorization',
      '=',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = redact(pieces.join(''))
        expect(redact(once)).toBe(once)
      }),
      { numRuns: 1_000 },
    )
  })
})
