// One reload at a time, all or nothing, and told once.
import { expect, test } from 'vitest'
import type { LoadedConfig } from '../config/config.ts'
import { loaderOf } from '../config/load.test.kit.ts'
import type { LoadResult } from '../config/load.ts'
import { Reloader, type ReloadOutcome } from './reloader.ts'

const env = { KEY: 'sk-0123456789abcdef0123' }
const yamlOf = (retries: number): string =>
  `max_retries: ${retries}\nproviders: { openai: { keys: [ { secret: env:KEY } ] } }\n`

async function reloaderOf(first: string) {
  const loadText = loaderOf(env)
  const started = await loadText(first)
  if (started.kind === 'invalid') throw new Error('The configuration is not valid.')
  let running: LoadedConfig = started.loaded
  let text = first
  const told: ReloadOutcome[] = []
  const state = { loads: 0, replaced: 0, failing: undefined as Error | undefined, gate: Promise.resolve() }
  const reloader = new Reloader({
    async load(): Promise<LoadResult> {
      state.loads++
      const read = text
      await state.gate
      return loadText(read)
    },
    running: () => running,
    async replace(next) {
      if (state.failing) throw state.failing
      state.replaced++
      running = next
    },
    tell: (outcome) => told.push(outcome),
  })
  const write = (next: string): void => void (text = next)
  return { reloader, write, told, state, running: () => running }
}

const kinds = (told: readonly ReloadOutcome[]): string[] => told.map(({ kind }) => kind)

test('what is valid and another is taken over, and the same is unchanged', async () => {
  const { reloader, write, told, running } = await reloaderOf(yamlOf(1))
  await reloader.reload('signal')
  write(yamlOf(2))
  await reloader.reload('signal')
  expect(kinds(told)).toEqual(['unchanged', 'applied'])
  expect(running().config.server.maxRetries).toBe(2)
})

test('one asked for while another is under way follows it, however often it is asked for', async () => {
  const { reloader, write, told, state, running } = await reloaderOf(yamlOf(1))
  const gate = Promise.withResolvers<void>()
  state.gate = gate.promise
  write(yamlOf(2))
  const all = [reloader.reload('change')]
  // It has read the old text by now.
  while (state.loads === 0) await new Promise((resolve) => setImmediate(resolve))
  write(yamlOf(3))
  for (let ask = 0; ask < 5; ask++) all.push(reloader.reload('change'))
  gate.resolve()
  await Promise.all(all)
  expect(state.loads).toBe(2)
  expect(kinds(told)).toEqual(['applied', 'applied'])
  expect(running().config.server.maxRetries).toBe(3)
})

test('F41 what is not valid, or cannot be built, leaves the one before; a refusal is told once, until somebody asks', async () => {
  const { reloader, write, told, state, running } = await reloaderOf(yamlOf(1))
  const before = running()
  write('providers: [')
  for (let look = 0; look < 3; look++) await reloader.reload('change')
  expect(kinds(told)).toEqual(['rejected'])
  expect(reloader.isRefused).toBe(true)
  await reloader.reload('signal')
  expect(kinds(told)).toEqual(['rejected', 'rejected'])
  state.failing = new Error('no room')
  write(yamlOf(2))
  await reloader.reload('change')
  expect(told.at(-1)).toMatchObject({ kind: 'rejected', problems: ['no room'] })
  expect(running()).toBe(before)
  state.failing = undefined
  await reloader.reload('change')
  expect(told.at(-1)).toMatchObject({ kind: 'applied', from: before })
  expect(reloader.isRefused).toBe(false)
})

test('a refusal names a bounded number of problems', async () => {
  const { reloader, write, told } = await reloaderOf(yamlOf(1))
  write(Array.from({ length: 500 }, (_, index) => `surprise${index}: 1`).join('\n'))
  await reloader.reload('change')
  const [outcome] = told
  expect(outcome?.kind === 'rejected' && outcome.problems).toHaveLength(21)
  expect(outcome?.kind === 'rejected' && outcome.problems.at(-1)).toBe('and 480 more')
})

test('closed, it begins none and lets one under way end without taking anything over', async () => {
  const { reloader, write, state, running } = await reloaderOf(yamlOf(1))
  const before = running()
  const gate = Promise.withResolvers<void>()
  state.gate = gate.promise
  write(yamlOf(2))
  void reloader.reload('change')
  const closed = reloader.close()
  gate.resolve()
  await closed
  await reloader.reload('signal')
  expect(state.replaced).toBe(0)
  expect(running()).toBe(before)
})
