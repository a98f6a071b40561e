// What a caller is told who mistyped a name.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearestNames } from './nearest-names.ts'

const names = ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'claude-sonnet-5', 'claude-haiku-4-5', 'echo']

test('the nearest come first, at most as many as asked for', () => {
  expect(nearestNames('gpt-40', names)).toEqual(['gpt-4o', 'gpt-4.1'])
  expect(nearestNames('claude-sonet-5', names, 1)).toEqual(['claude-sonnet-5'])
  expect(nearestNames('Claude-Haiku-4.5', names)).toEqual(['claude-haiku-4-5'])
})

test('a name that goes on from what was asked is near', () => {
  expect(nearestNames('gpt-4', names)).toEqual(['gpt-4o', 'gpt-4.1', 'gpt-4o-mini'])
})

test('nothing is near what is far from everything', () => {
  expect(nearestNames('llama-3.3-70b', names)).toEqual([])
  expect(nearestNames('', names)).toEqual([])
  expect(nearestNames('gpt-4o', [])).toEqual([])
})

test('each candidate is named once', () => {
  expect(nearestNames('echo', ['echo', 'echo', 'ech0'])).toEqual(['echo', 'ech0'])
})

test('absurd lengths are compared by their beginnings only', () => {
  expect(nearestNames('x'.repeat(10_000_000), ['y'.repeat(10_000_000)])).toEqual([])
  expect(nearestNames('x'.repeat(10_000_000), ['x'.repeat(64)])).toEqual(['x'.repeat(64)])
})

test('one edit of a name of some length leads back to it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...names.filter((name) => name.length > 5)),
      fc.nat(30),
      fc.constantFrom('', 'z'),
      (name, at, put) => {
        const index = at % name.length
        const typed = name.slice(0, index) + put + name.slice(index + 1)
        expect(nearestNames(typed, names, names.length)).toContain(name)
      },
    ),
  )
})
