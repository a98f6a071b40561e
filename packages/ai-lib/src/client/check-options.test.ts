// A wrong option is named, with what to put there, and its value is not repeated.
import { expect, test } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import { Secret } from '../errors/secret.ts'
import { checkOptions } from './check-options.ts'

const wrong: readonly (readonly [string, object])[] = [
  ['baseUrl', { baseUrl: 'ftp://host' }],
  ['baseUrl', { baseUrl: '' }],
  ['baseUrl', { baseUrl: 7 }],
  ['apiKey', { apiKey: '' }],
  ['apiKey', { apiKey: 'two\nlines-canary' }],
  ['apiKey', { apiKey: new Secret('bl ank-canary') }],
  ['apiKey', { apiKey: { key: 'canary' } }],
  ['proxy', { proxy: 'socks5://user:canary@proxy' }],
  ['proxy', { proxy: '' }],
  ['disableProxy', { disableProxy: 'yes' }],
  ['ca', { ca: 'canary' }],
  ['ca', { ca: ['canary'] }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: Infinity }],
  ['timeoutMs', { timeoutMs: 3_000_000_000 }],
  ['timeoutMs', { timeoutMs: '30' }],
  ['poolSize', { poolSize: 0 }],
  ['poolSize', { poolSize: 1.5 }],
  ['idleTimeoutMs', { idleTimeoutMs: -1 }],
  ['maxRetries', { maxRetries: -1 }],
  ['maxRetries', { maxRetries: 11 }],
  ['headers', { headers: { Authorization: 'Bearer canary' } }],
  ['headers', { headers: { 'x-team': 'a\r\nx-canary: b' } }],
  ['headers', { headers: { 'x team': 'a' } }],
  ['headers', { headers: { 'Content-Length': '1' } }],
  ['headers', { headers: null }],
  ['allowPrivate', { allowPrivate: 1 }],
  ['metrics', { metrics: null }],
  ['maxQueued', { maxQueued: -1 }],
  ['queueTimeoutMs', { queueTimeoutMs: 0 }],
  ['keepAlive', { keepAlive: 0 }],
  ['onKeyRotated', { onKeyRotated: 'log' }],
  ['timeout', { timeout: 30 }],
  ['pool_size', { pool_size: 16 }],
  ['toString', { toString: 1 }],
]

test.each(wrong)('%s: %o', (option, options) => {
  let thrown: unknown
  try {
    checkOptions(options)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(AiError)
  expect(thrown).toMatchObject({ code: 'config_invalid', details: { param: option } })
  expect(String(thrown)).toMatch(new RegExp(`option ${option}\\b.*(give|did you mean|they are)`))
  expect(String(thrown)).not.toContain('canary')
})

test('what is meant is guessed', () => {
  // Typed as plain code would be: TypeScript itself refuses these.
  const timeout: object = { timeout: 30 }
  const apikey: object = { apikey: 'k' }
  expect(() => checkOptions(timeout)).toThrow(/did you mean timeoutMs\?/)
  expect(() => checkOptions(apikey, ' of groq')).toThrow(/option apikey of groq: did you mean apiKey/)
})

test('undefined counts as left out', () => {
  expect(() => checkOptions({ apiKey: undefined, proxy: undefined, metrics: undefined, ca: undefined })).not.toThrow()
})

test.each([
  { proxy: 'proxy.corp:8080' },
  { proxy: 'https://user:pass@proxy:8080' },
  { apiKey: new Secret('sk-1') },
  { headers: { 'X-Team': 'Grüße', 'anthropic-beta': 'a,b' } },
  { maxRetries: 0 },
])('%o is fine', (options) => {
  expect(() => checkOptions(options)).not.toThrow()
})
