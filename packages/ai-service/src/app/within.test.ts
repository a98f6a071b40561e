// What ends in time, what does not, and what fails.
import { expect, test } from 'vitest'
import { within } from './within.ts'

test('says whether it was over in time, and passes on why it failed', async () => {
  expect(await within(60_000, Promise.resolve())).toBe(true)
  expect(await within(60_000, undefined)).toBe(true)
  expect(await within(1, new Promise(() => undefined))).toBe(false)
  await expect(within(60_000, Promise.reject(new Error('no')))).rejects.toThrow('no')
})
