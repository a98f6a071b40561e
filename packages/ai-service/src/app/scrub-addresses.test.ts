import { expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { createAddressScrubber } from './scrub-addresses.ts'

function scrubber(baseUrls: readonly string[]): (text: string) => string {
  const providers = new Map(baseUrls.map((baseUrl, index) => [`p${index}`, { baseUrl }]))
  return createAddressScrubber({ providers, models: new Map() } as unknown as Config)
}

test('a configured address goes with its path, in a URL and bare', () => {
  const scrub = scrubber([
    'http://127.0.0.1:8443/v1',
    'https://llm.internal.example/v1',
    'https://llm.internal.example:9443',
  ])
  expect(scrub('no model x at http://127.0.0.1:8443/v1/chat/completions, sorry')).toBe(
    'no model x at [provider address] sorry',
  )
  expect(scrub('POST https://llm.internal.example:9443/a?b=c failed')).toBe('POST [provider address] failed')
  expect(scrub('(LLM.internal.example refused)')).toBe('([provider address] refused)')
})

test('other addresses and look-alikes stay', () => {
  const scrub = scrubber(['https://llm.example/v1'])
  for (const text of [
    'see https://docs.vendor.example/errors',
    'my-llm.example',
    'llm.example-two.test',
    'plain words',
  ])
    expect(scrub(text)).toBe(text)
})

test('without an address nothing changes', () => {
  expect(scrubber([])('http://127.0.0.1/v1')).toBe('http://127.0.0.1/v1')
})
