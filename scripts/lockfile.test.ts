// The lockfile installs everywhere: `npm ci` refuses one that lacks another platform's package, and no host belongs in it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Entry {
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

async function entries(): Promise<Readonly<Record<string, Entry>>> {
  const text = await readFile(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8')
  const lock: { readonly packages: Readonly<Record<string, Entry>> } = JSON.parse(text)
  return lock.packages
}

test('every platform’s package is in the lockfile', async () => {
  const packages = await entries()
  const present = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)))
  const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
  expect(wanted.filter((name) => !present.has(name))).toEqual([])
})

test('no package is tied to a download address', async () => {
  const addresses = Object.values(await entries()).flatMap((entry) => (entry.resolved ? [entry.resolved] : []))
  expect(addresses.filter((address) => !address.startsWith('packages/'))).toEqual([])
})
