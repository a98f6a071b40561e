// Durations, sizes, rates and dates as people write them.
import { expect, test } from 'vitest'
import { parseDateMs, parseDurationMs, parseRate, parseSizeBytes } from './units.ts'

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['0s', 0],
  ['30', undefined],
  ['30 s', undefined],
  ['-1s', undefined],
  ['1e3s', undefined],
  ['s', undefined],
  ['', undefined],
])('duration %j', (text, expected) => expect(parseDurationMs(text)).toBe(expected))

test.each([
  ['256KiB', 262_144],
  ['32MiB', 33_554_432],
  ['1GB', 1e9],
  ['1024B', 1024],
  ['1kb', undefined],
  ['1.5MiB', undefined],
  ['32', undefined],
])('size %j', (text, expected) => expect(parseSizeBytes(text)).toBe(expected))

test.each([
  ['600/1m', { count: 600, windowMs: 60_000 }],
  ['10/s', { count: 10, windowMs: 1_000 }],
  ['1/24h', { count: 1, windowMs: 86_400_000 }],
  ['600', undefined],
  ['/1m', undefined],
])('rate %j', (text, expected) => expect(parseRate(text)).toEqual(expected))

test.each([
  ['2027-01-01', Date.UTC(2027, 0, 1)],
  ['2027-01-01T12:00:00Z', Date.UTC(2027, 0, 1, 12)],
  ['2027-01-01T12:00:00+02:00', Date.UTC(2027, 0, 1, 10)],
  ['2027-02-30', undefined],
  ['2027-13-01', undefined],
  ['tomorrow', undefined],
  ['01/01/2027', undefined],
])('date %j', (text, expected) => expect(parseDateMs(text)).toBe(expected))
