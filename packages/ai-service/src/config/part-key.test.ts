// Keys of parts differ where the pieces do, secrets and maps included, and show nothing of them.
import { Secret } from 'ai-lib/internal/errors/secret'
import { expect, test } from 'vitest'
import { partKey } from './part-key.ts'

test('is the same for equal pieces and another for any difference', () => {
  const made = (secret: string, size: number) =>
    partKey('openai', { key: new Secret(secret), pools: new Map([['a', size]]) })
  expect(made('sk-1', 1)).toBe(made('sk-1', 1))
  expect(made('sk-1', 1)).not.toBe(made('sk-2', 1))
  expect(made('sk-1', 1)).not.toBe(made('sk-1', 2))
  expect(made('sk-1', 1)).not.toContain('sk-1')
})

test('a secret is not the text that it holds, and pieces do not run into each other', () => {
  expect(partKey(new Secret('a'))).not.toBe(partKey('a'))
  expect(partKey('a', 'b')).not.toBe(partKey('ab'))
})
