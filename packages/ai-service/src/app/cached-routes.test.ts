// Where a name leads changes with what is behind it, and with nothing else.
import { expect, test } from 'vitest'
import { mustLoad } from '../config/load.test.kit.ts'
import { cachedRoutes } from './cached-routes.ts'

const env = { KEY: 'sk-0123456789abcdef0123' }
const provider = (name: string, address: string): string =>
  `  ${name}: { kind: openai-compatible, baseUrl: "https://${address}/v1", keys: [ { secret: env:KEY } ] }\n`
const alias = (name: string, of: string, more = ''): string =>
  `  ${name}: { endpoints: [ { provider: ${of}, model: m } ]${more} }\n`

async function routes(providers: string, models: string): Promise<(model: string) => string> {
  return cachedRoutes((await mustLoad(`providers:\n${providers}models:\n${models}`, { env })).config)
}

test('another provider and another alias change nothing for those that are there', async () => {
  const before = await routes(provider('one', 'one.example.com'), alias('a', 'one'))
  const after = await routes(
    provider('one', 'one.example.com') + provider('two', 'two.example.com'),
    alias('a', 'one') + alias('b', 'two'),
  )
  for (const model of ['a', 'one/m']) expect(after(model)).toBe(before(model))
  // A bare name may be somebody else's now.
  expect(after('m')).not.toBe(before('m'))
})

test('another address, endpoint or fallback changes it, behind an alias of an alias too', async () => {
  const one = provider('one', 'one.example.com')
  const models = alias('a', 'one', ', fallbacks: [ b ]') + alias('b', 'two')
  const before = await routes(one + provider('two', 'two.example.com'), models)
  const moved = await routes(one + provider('two', 'moved.example.com'), models)
  expect(moved('a')).not.toBe(before('a'))
  expect(moved('two/m')).not.toBe(before('two/m'))
  expect(moved('one/m')).toBe(before('one/m'))
})
