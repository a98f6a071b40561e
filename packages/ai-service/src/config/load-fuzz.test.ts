// Whatever a file holds, loading ends in a configuration or in problems with places, never in an exception.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadYaml } from './load.test.kit.ts'

const sample = `server: { port: 8080, commit: { hold: 15s, bytes: 256KiB }, cors: [ "https://a.example.com" ] }
providers:
  openai: &o { keys: [ { name: a, secret: env:KEY, weight: 1 } ], proxy: "http://u:\${KEY}@p:1", timeouts: { total: 9s } }
  mine: { kind: openai-compatible, baseUrl: http://10.0.0.1/v1, private: true }
models: { a: { endpoints: [ { provider: mine, model: m } ], fallbacks: [ openai/x, b ] }, b: { endpoints: [ { provider: openai, model: m } ] } }
auth: { mode: keys, keys: [ { id: k, hash: "hmac-sha256:${'0'.repeat(64)}", expires: 2027-01-01 } ] }
limits: [ { for: key, requests: 600/1m } ]
`

const spice = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  ',',
  '"',
  "'",
  '\n',
  '\t',
  ' ',
  '&a ',
  '*o',
  '!x ',
  '%',
  '@',
  '|',
  '>',
  '-',
  '- ',
  '#',
  '?',
  '0',
  '~',
  '\0',
  '\uFEFF',
  '\u2028',
  '<<: *o',
  '__proto__: 1',
  '${',
  '1e999',
  '.nan',
  '9'.repeat(400),
)

async function mustEndWell(text: string): Promise<void> {
  const result = await loadYaml(text, { env: { KEY: 'Canary0123456789abcdef' } })
  if (result.kind === 'loaded') return
  expect(result.problems.length).toBeGreaterThan(0)
  for (const { file, line, column, message } of result.problems) {
    expect(message).not.toBe('')
    expect(message).not.toContain('Canary')
    expect(line >= 0 && column >= 0 && (file !== 'ai-service.yaml' || line > 0 || message.includes('UTF-8'))).toBe(true)
  }
}

test('a configuration with pieces replaced, removed or added', async () => {
  const edit = fc.tuple(fc.nat(sample.length), fc.nat(6), spice)
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      let text = sample
      for (const [at, removed, added] of edits) text = text.slice(0, at) + added + text.slice(at + removed)
      await mustEndWell(text)
    }),
    { numRuns: 500 },
  )
}, 60_000)

test('a configuration cut at every offset', async () => {
  for (let end = 0; end <= sample.length; end += 3) await mustEndWell(sample.slice(0, end))
}, 60_000)

test('any JSON value as a configuration', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), (json) => mustEndWell(json)),
    { numRuns: 300 },
  )
}, 60_000)

test('any JSON value in any place of one', async () => {
  const place = fc.constantFrom(
    'server',
    'providers',
    'models',
    'auth',
    'limits',
    'stores',
    'telemetry',
    'timeout',
    'budgets',
  )
  await fc.assert(
    fc.asyncProperty(place, fc.json(), fc.json(), (section, inner, outer) =>
      mustEndWell(`{"${section}": {"openai": ${inner}, "keys": [${outer}]}, "server": ${inner}}`),
    ),
    { numRuns: 300 },
  )
}, 60_000)
