// Request ids are unique, ordered by time and unguessable.
import { expect, test } from 'vitest'
import { createRequestId } from './request-id.ts'

test('has the prefix and 26 letters of base32', () => {
  for (let turn = 0; turn < 1_000; turn++) expect(createRequestId()).toMatch(/^req_[0-9a-hjkmnp-tv-z]{26}$/)
})

test('a hundred thousand of one millisecond are all different', () => {
  const ids = new Set(Array.from({ length: 100_000 }, () => createRequestId(1_795_000_000_000)))
  expect(ids.size).toBe(100_000)
  expect(new Set([...ids].map((id) => id.slice(0, 14))).size).toBe(1)
})

test('sorts by time', () => {
  const times = [0, 1, 31, 32, 1_795_000_000_000, 1_795_000_000_001, 1_795_000_001_000, 2 ** 48 - 1]
  const ids = times.map((nowMs) => createRequestId(nowMs))
  expect(ids.toSorted()).toEqual(ids)
})

test('every letter of the random part takes every value', () => {
  const ids = Array.from({ length: 2_000 }, () => createRequestId(7))
  for (let at = 14; at < 30; at++) expect(new Set(ids.map((id) => id[at])).size).toBe(32)
})

test('carries the time as ULID does', () => {
  // The example of the ULID specification: 01ARYZ6S41 is 2016-07-30T22:36:16.385Z... in upper case.
  expect(createRequestId(1_469_918_176_385).slice(4, 14)).toBe('01aryz6s41')
})
