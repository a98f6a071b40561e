// What a receiver's answer to an export means, as OTLP 1 has it: taken, to be sent again, or never to be.
import type { TransportFailure } from 'ai-lib/internal/transport/transport'

export type Judged =
  /** `refused`: how many of the spans the receiver left out all the same. */
  | { readonly kind: 'taken'; readonly refused: number; readonly why: string }
  | { readonly kind: 'again'; readonly why: string; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly why: string }

const repeatable: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** Letters of a receiver's words that are told. */
const maxWords = 200

export function judgeExport(status: number, body: Buffer, retryAfterMs: number | undefined): Judged {
  if (status >= 200 && status < 300) return { kind: 'taken', ...leftOut(body) }
  const why = `answered with status ${status}`
  if (!repeatable.has(status)) return { kind: 'refused', why }
  return { kind: 'again', why, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

/** No answer came, or none that can be read: what was not taken for sure is sent again. */
export function judgeFailure(kind: TransportFailure['kind']): Judged {
  const isFinal = kind === 'too-large' || kind === 'encoding' || kind === 'protocol'
  return isFinal ? { kind: 'refused', why: `unreadable (${kind})` } : { kind: 'again', why: `not reached (${kind})` }
}

function leftOut(body: Buffer): { readonly refused: number; readonly why: string } {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'))
    const { rejectedSpans, errorMessage } = partialSuccess(answer)
    const refused = Number(rejectedSpans ?? 0)
    const words = typeof errorMessage === 'string' ? errorMessage.slice(0, maxWords) : ''
    return { refused: Number.isSafeInteger(refused) && refused > 0 ? refused : 0, why: `left spans out: ${words}` }
  } catch {
    // The status has said that they were taken; many receivers answer with nothing or with protobuf.
    return { refused: 0, why: '' }
  }
}

function partialSuccess(answer: unknown): { readonly rejectedSpans?: unknown; readonly errorMessage?: unknown } {
  if (typeof answer !== 'object' || answer === null || !('partialSuccess' in answer)) return {}
  const { partialSuccess: partial } = answer
  return typeof partial === 'object' && partial !== null ? partial : {}
}
