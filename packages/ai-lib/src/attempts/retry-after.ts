// Reads when a provider wants to be asked again: Retry-After in seconds, as a date or in ms, and rate-limit reset headers.
import type { ResponseHeaders } from '../dialects/dialect.ts'

function first(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `6m0s`, `1.5s`, `250ms`, `12`: as OpenAI and Groq write `x-ratelimit-reset-*`. */
function spanMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  return total
}

/** `Mon, 23 Nov 2026 12:00:30 GMT`, `Monday, 23-Nov-26 …`, `Mon Nov 23 …` or ISO: `Date.parse` alone takes even `-5` for a date. */
const dateForm = /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? |\d{4}-\d{2}-\d{2}T)/

function dateSpanMs(text: string, dateMs: number): number | undefined {
  const at = dateForm.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - dateMs)
}

/** Hostile or absurd figures are bounded to a day. */
const longestMs = 24 * 3_600_000

/**
 * Milliseconds to wait, or undefined where the provider says nothing.
 * @param dateMs now, in milliseconds since the epoch, for `Retry-After` dates.
 */
export function retryAfterOf(headers: ResponseHeaders, dateMs: number): number | undefined {
  const exact = first(headers, 'retry-after-ms')
  const plain = first(headers, 'retry-after')
  const candidates = [
    exact !== undefined && /^\d+(\.\d+)?$/.test(exact) ? Number(exact) : undefined,
    plain === undefined ? undefined : (spanMs(plain) ?? dateSpanMs(plain, dateMs)),
    resetOf(headers, dateMs),
  ]
  const found = candidates.find((candidate) => candidate !== undefined)
  return found === undefined ? undefined : Math.min(longestMs, Math.ceil(found))
}

// Only a counter that stands at 0 explains a refusal; the reset of another says nothing about when to come back.
function resetOf(headers: ResponseHeaders, dateMs: number): number | undefined {
  let longest: number | undefined
  for (const name of Object.keys(headers)) {
    const match = /^(?:anthropic-ratelimit|x-ratelimit)-(?:remaining-(.+)|(.+)-remaining)$/.exec(name)
    if (!match || first(headers, name) !== '0') continue
    const what = match[1] ?? match[2] ?? ''
    const reset = first(headers, `x-ratelimit-reset-${what}`) ?? first(headers, `anthropic-ratelimit-${what}-reset`)
    const span = reset === undefined ? undefined : (spanMs(reset) ?? dateSpanMs(reset, dateMs))
    if (span !== undefined && (longest === undefined || span > longest)) longest = span
  }
  return longest
}
