// Secrets leave no text in any encoding, and what is no secret stays as it is.
import { Secret } from 'ai-lib/internal/errors/secret'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createScrubber } from './scrub.ts'

const canary = 'canary/7f3a+91c2 e8="q"'
const secret = new Secret(canary)
const scrub = createScrubber([secret, new Secret('another-secret-value')])
const mark = `[redacted:${secret.fingerprint}]`

const forms: readonly (readonly [string, string])[] = [
  ['raw', canary],
  ['as a JSON string', JSON.stringify({ key: canary })],
  ['base64', Buffer.from(canary).toString('base64')],
  ['base64url', Buffer.from(canary).toString('base64url')],
  ['hex', Buffer.from(canary).toString('hex')],
  ['upper-case hex', Buffer.from(canary).toString('hex').toUpperCase()],
  ['URL-encoded', encodeURIComponent(canary)],
  ['form-encoded', new URLSearchParams({ key: canary }).toString()],
]

describe('a configured secret', () => {
  test.each(forms)('%s is found anywhere in a text', (_name, form) => {
    for (const text of [form, `a ${form} b`, `${form}${form}`, `x${form}`]) {
      const scrubbed = scrub(text)
      expect(scrubbed).toContain(mark)
      expect(scrubbed).not.toContain(form)
      expect(scrubbed).not.toContain(canary.slice(0, 14))
    }
  })

  test('in Basic credentials is found at every offset of base64', () => {
    for (const user of ['', 'u', 'us', 'user', 'users']) {
      const header = Buffer.from(`${user}:${canary}:tail`).toString('base64')
      expect(scrub(header)).toContain(mark)
      expect(Buffer.from(scrub(header).replace(mark, ''), 'base64').toString()).not.toContain('7f3a')
    }
  })

  test('is found whatever it is made of, in each form', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 })
    fc.assert(
      fc.property(value, fc.string(), fc.string(), (text, before, after) => {
        fc.pre(text.isWellFormed() && Buffer.byteLength(text) >= 8)
        const own = createScrubber([new Secret(text)])
        for (const form of [text, Buffer.from(text).toString('hex'), encodeURIComponent(text)])
          expect(own(`${before}|${form}|${after}`)).toContain('[redacted:')
      }),
    )
  })

  test('that begins with another leaves none of its end behind', () => {
    const both = createScrubber([new Secret('secret-value'), new Secret('secret-value-and-more')])
    expect(both('x secret-value-and-more y')).toMatch(/^x \[redacted:[0-9a-f]{8}\] y$/)
  })

  test('of fewer than eight characters would blank ordinary words and is left alone', () => {
    expect(createScrubber([new Secret('ollama')])('provider ollama failed')).toBe('provider ollama failed')
  })
})

describe('what looks like a credential', () => {
  test.each([
    'authorization: Bearer abcdefgh12345678',
    'Bearer  eyJhbGciOi.eyJzdWIi.c2ln-natu_re',
    'Incorrect API key provided: sk-proj-abcdefghijklmnop1234.',
    'key=sk-ant-api03-abcdefghijklmnop',
    '"ais_k1_abcdefghijklmnopqrstuvwxyz"',
  ])('%s loses its key', (text) => {
    const scrubbed = scrub(text)
    expect(scrubbed).toMatch(/\[redacted:[0-9a-f]{8}\]/)
    expect(scrubbed).not.toMatch(/abcdefgh|eyJ/)
  })

  test.each([
    '',
    'Send a caller key as Authorization: Bearer, x-api-key, x-goog-api-key or api-key.',
    'task-abcdefghijklmnopqrstuvwxyz',
    'sk-short',
    'The model gpt-4o does not exist.',
    '{"risk-assessment-of-everything":1}',
  ])('%j stays', (text) => {
    expect(scrub(text)).toBe(text)
  })
})

test('the same key has the same mark, so that lines can be joined', () => {
  const marks = scrub('sk-abcdefghijklmnop1 then sk-abcdefghijklmnop1 then sk-abcdefghijklmnop2').match(/\[.*?\]/g)
  expect(marks?.[0]).toBe(marks?.[1])
  expect(marks?.[0]).not.toBe(marks?.[2])
})

test('texts that are made to be slow come out too', () => {
  for (const text of ['sk-sk-proj-', 'Bearer ', 'Bearer   \t ', 'canary/7f3a+91c2 e8="', 'ais_sk-'])
    expect(scrub(text.repeat(200_000)).length).toBeGreaterThan(0)
})
