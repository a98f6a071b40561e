// Reads durations, sizes, rates and dates as people write them in a config.

export const DURATION = /^\d{1,12}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/
export const SIZE = /^\d{1,12}(?:B|KB|MB|GB|KiB|MiB|GiB)$/
export const RATE = /^\d{1,12}\/(?:\d{1,6})?(?:ms|s|m|h|d)$/
export const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** Milliseconds of `250ms`, `30s`, `5m`, `24h` or `7d`; `undefined` where it is none of these. */
export function parseDurationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined
  const unit = unitAtEnd(text, MILLISECONDS)
  return unit && Math.round(unit.amount * unit.factor)
}

/** Bytes of `1024B`, `256KiB`, `32MiB` or `1GB`; `undefined` where it is none of these. */
export function parseSizeBytes(text: string): number | undefined {
  if (!SIZE.test(text)) return undefined
  const unit = unitAtEnd(text, BYTES)
  return unit && unit.amount * unit.factor
}

/** `600/1m` as a count and a window; `600/m` is the same. */
export function parseRate(text: string): { readonly count: number; readonly windowMs: number } | undefined {
  if (!RATE.test(text)) return undefined
  const slash = text.indexOf('/')
  const window = text.slice(slash + 1)
  const windowMs = parseDurationMs(/^\d/.test(window) ? window : `1${window}`)
  return windowMs === undefined ? undefined : { count: Number(text.slice(0, slash)), windowMs }
}

/** Milliseconds since the epoch of `2027-01-01` (midnight UTC) or an RFC 3339 time. */
export function parseDateMs(text: string): number | undefined {
  if (!DATE.test(text)) return undefined
  const timeMs = Date.parse(text)
  // Date.parse turns February 30 into March 2: a day that does not exist must not expire another day.
  const day = text.slice(0, 10)
  const isReal = new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true
  return Number.isNaN(timeMs) || !isReal ? undefined : timeMs
}

function unitAtEnd(text: string, table: Readonly<Record<string, number>>) {
  const unit = /[A-Za-z]+$/.exec(text)?.[0] ?? ''
  const factor = table[unit]
  return factor === undefined ? undefined : { amount: Number(text.slice(0, -unit.length)), factor }
}
