// Costs follow the kind of a provider, whatever a configuration calls it, and an unknown price is no price.
import { expect, test } from 'vitest'
import { noUsage } from 'ai-lib/internal/chat/usage'
import { mustLoad } from '../config/load.test.kit.ts'
import { createPriceList } from './price-list.ts'

const million = { ...noUsage, inputTokens: 1_000_000 }
const nowMs = Date.UTC(2026, 10, 25)

test('a provider of another name has the prices of its kind', async () => {
  const { config } = await mustLoad(
    `providers:
  openai: { keys: [ { secret: env:KEY } ] }
  mine: { kind: openai, keys: [ { secret: env:KEY } ] }
  vllm: { kind: openai-compatible, baseUrl: "https://vllm.example.com/v1" }
`,
    { env: { KEY: 'sk-1' } },
  )
  const priceOf = createPriceList(config, () => nowMs)
  expect(priceOf('openai', 'gpt-4o', million)).toBe(2_500_000n)
  expect(priceOf('mine', 'gpt-4o', million)).toBe(2_500_000n)
  expect(priceOf('vllm', 'gpt-4o', million)).toBeUndefined()
  expect(priceOf('openai', 'nobody-has-this', million)).toBeUndefined()
  expect(priceOf('nobody', 'gpt-4o', million)).toBeUndefined()
})

test('names without end do not fill memory', async () => {
  const { config } = await mustLoad('providers: { openai: { keys: [ { secret: env:KEY } ] } }', {
    env: { KEY: 'sk-1' },
  })
  const priceOf = createPriceList(config, () => nowMs)
  for (let turn = 0; turn < 5_000; turn++) priceOf('openai', `invented-${turn}`, million)
  expect(priceOf('openai', 'gpt-4o', million)).toBe(2_500_000n)
})
