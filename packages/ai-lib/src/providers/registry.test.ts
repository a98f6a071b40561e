// Every data file is well formed, and no two of them claim the same key.
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { operations } from '../dialects/registry.ts'
import { openaiCompatible } from './openai-compatible.ts'
import { Provider, providerSpecs } from './registry.ts'

const specs = [...providerSpecs.values()]
const local = new Set(['localhost', '127.0.0.1', '[::1]'])

describe('the registry', () => {
  test('has one entry for every data file', () => {
    const shared = new Set(['provider.ts', 'registry.ts', 'openai-compatible.ts'])
    const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    const names = files.filter((file) => !shared.has(file)).map((file) => file.slice(0, -'.ts'.length))
    expect([...providerSpecs.keys()].sort()).toEqual(names.sort())
  })

  test('gives every provider a public name', () => {
    expect(Object.values(Provider).sort()).toEqual([...providerSpecs.keys()].sort())
    for (const name of Object.keys(Provider)) expect(name).toMatch(/^[A-Z][A-Za-z0-9]+$/)
  })

  test('does not know the names of an object', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(providerSpecs.has(name)).toBe(false)
    }
  })

  test('lets no two providers read the same variable', () => {
    const variables = specs.flatMap((spec) => [...spec.keyVariables, ...spec.baseUrlVariables])
    expect(variables.filter((variable, index) => variables.indexOf(variable) !== index)).toEqual([])
  })

  test('lets no two providers share a name in the catalogue', () => {
    const names = specs.flatMap((spec) => (spec.catalogueName === undefined ? [] : [spec.catalogueName]))
    expect(new Set(names).size).toBe(names.length)
  })
})

describe.each([...specs, openaiCompatible('my-vllm')].map((spec) => [spec.name, spec] as const))('%s', (name, spec) => {
  test('has a name that fits a model path and a metric label', () => {
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect(spec.label).not.toBe('')
  })

  test('has addresses that parse, over https unless they are this machine', () => {
    for (const address of [spec.baseUrl, ...Object.values(spec.regions ?? {})]) {
      if (address === undefined) continue
      const url = new URL(address)
      expect(url.protocol === 'https:' || local.has(url.hostname)).toBe(true)
      expect([url.search, url.hash, url.username, url.password]).toEqual(['', '', '', ''])
      expect(address.endsWith('/')).toBe(false)
    }
  })

  test('has its own address among its regions', () => {
    expect(spec.regions === undefined || Object.values(spec.regions).includes(spec.baseUrl ?? '')).toBe(true)
  })

  test('speaks dialects through operations that belong to them, each once', () => {
    expect(spec.speaks.length).toBeGreaterThan(0)
    const all = spec.speaks.flatMap((speaks) => speaks.operations)
    expect(new Set(all).size).toBe(all.length)
    for (const { dialect, operations: spoken, originPath } of spec.speaks) {
      expect(spoken.length).toBeGreaterThan(0)
      for (const id of spoken) expect(operations[id].wire.dialect).toBe(dialect)
      expect(originPath ?? '').toMatch(/^(\/.*[^/])?$/)
    }
  })

  test('sends its key in one lower-case header, never elsewhere', () => {
    expect(spec.auth.header).toBe(spec.auth.header.toLowerCase())
    for (const [header, value] of Object.entries(spec.headers ?? {})) {
      expect(header).toMatch(/^[a-z0-9-]+$/)
      expect(value).toMatch(/^[\x20-\x7e]+$/)
      expect(header).not.toBe(spec.auth.header)
    }
  })

  test('reads variables that a shell can set, and says where a needed key comes from', () => {
    for (const variable of [...spec.keyVariables, ...spec.baseUrlVariables])
      expect(variable).toMatch(/^[A-Z][A-Z0-9_]+$/)
    expect(spec.isKeyRequired && spec.keyVariables.length === 0).toBe(false)
  })

  test('says where its facts come from, and when they were looked up', () => {
    expect(spec.source).not.toBe('')
    expect(spec.asOf).toMatch(/^20\d\d-\d\d-\d\d$/)
  })
})
