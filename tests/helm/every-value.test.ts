// Every value of the chart does something: another one changes what is rendered, and is seen there.
import { expect, test } from 'vitest'
import { blocksIn } from '../docs/pages.ts'
import { find, render, renderText, type Values } from '../kit/helm.ts'
import { needs } from '../require.ts'
import { leaves, nested, type Sample, samples, schema, schemaLeaves } from './samples.ts'
import { parse } from 'yaml'

/** Without it each rendering would have a key of its own, and differ by that alone. */
const callerKey = 'a-caller-key-that-is-the-same-0123456789'
const fixed: Values = { secrets: { caller_key: callerKey } }

const bases = new Map<string, Promise<readonly string[]>>()

function linesOf(values: Values): Promise<readonly string[]> {
  return renderText({ values }).then((text) => text.replaceAll(/(CALLER_KEY: )(?!YS1).*/g, '$1made').split('\n'))
}

function baseOf(values: Values): Promise<readonly string[]> {
  const key = JSON.stringify(values)
  const base = bases.get(key) ?? linesOf(values)
  bases.set(key, base)
  return base
}

function merge(left: Values, right: Values): Values {
  const merged: Record<string, unknown> = { ...left }
  for (const [key, value] of Object.entries(right)) {
    const there = merged[key]
    merged[key] = isPlain(there) && isPlain(value) ? merge(there, value) : value
  }
  return merged
}

function isPlain(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sampleFor(path: string, value: unknown): Sample {
  const written = samples[path]
  if (written !== undefined) return written
  if (typeof value === 'number') return { value: value + 1 }
  if (typeof value === 'boolean') return { value: !value, shows: [] }
  throw new Error(`${path} has no sample in tests/helm/samples.ts: what is another value of it?`)
}

function scalarsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((inner) => scalarsIn(inner))
  if (isPlain(value)) return Object.values(value).flatMap((inner) => scalarsIn(inner))
  return typeof value === 'boolean' || value === null ? [] : [String(value)]
}

/** What must differ, and be seen in what is new. */
async function showsItself(path: string, { value, where = {}, shows }: Sample): Promise<void> {
  const base = merge(fixed, where)
  const before = await baseOf(base)
  const after = await linesOf(merge(base, nested(path, value)))
  expect(after, `${path} changes nothing`).not.toEqual(before)
  const old = new Map<string, number>()
  for (const line of before) old.set(line, (old.get(line) ?? 0) + 1)
  const added = after.filter((line) => {
    const left = old.get(line) ?? 0
    old.set(line, left - 1)
    return left <= 0
  })
  const text = added.join('\n')
  for (const word of shows ?? scalarsIn(value)) {
    const isThere = text.includes(word) || text.includes(Buffer.from(word).toString('base64'))
    expect(isThere, `${path}: ${word} in\n${text}`).toBe(true)
  }
}

needs('helm')('every value', () => {
  test.concurrent.each(leaves().map(([path, value]) => [path, value] as const))('%s', async (path, value) => {
    await showsItself(path, sampleFor(path, value))
  })

  const known = new Set(leaves().map(([path]) => path))
  const isKnown = (path: string): boolean => [...known].some((one) => one === path || one.startsWith(`${path}.`))
  const further = schemaLeaves().filter((path) => !isKnown(path))

  test.concurrent.each(further)('%s, which the schema has and no default', async (path) => {
    const isKey = /^secrets\.\w+_key$/.test(path)
    await showsItself(path, isKey ? { value: `key-for-${path}` } : sampleFor(path, undefined))
  })

  test('no sample is for a value that there is not', () => {
    expect(Object.keys(samples).filter((path) => !known.has(path) && !further.includes(path))).toEqual([])
  })

  test('the schema knows every value of values.yaml', () => {
    const inSchema = schemaLeaves()
    for (const path of known)
      if (!path.startsWith('config.'))
        expect(
          inSchema.some((one) => path === one || path.startsWith(`${one}.`)),
          path,
        ).toBe(true)
    expect(schema.additionalProperties).toBe(false)
  })
})

const configurations = blocksIn('yaml')
  .filter(({ sample }) => sample === undefined)
  .map(({ at, code }) => [at, code] as const)

needs('helm')('config', () => {
  // Samples of the pages are whole configurations; together they have every section.
  test.concurrent.each(configurations)('%s is taken, and mounted as written', async (_, code) => {
    const config = parse(code)
    const spare = (alias: string, key: string) => (config.server?.[key] === undefined ? {} : { [alias]: null })
    const aliases = {
      ...spare('max_retries', 'maxRetries'),
      ...spare('timeout', 'timeout'),
      ...spare('pool_size', 'poolSize'),
    }
    const reachable = config.server?.host?.startsWith('127.') ? { server: { ...config.server, host: '0.0.0.0' } } : {}
    const values = { config: { ...aliases, ...config, ...reachable }, secrets: { existingSecret: 'mine' } }
    const mounted = parse(find(await render({ values }), 'ConfigMap')['data']['ai-service.yaml'])
    expect(mounted).toMatchObject({ ...config, ...reachable })
  })
})
