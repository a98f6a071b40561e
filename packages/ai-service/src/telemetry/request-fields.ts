// The fields of a request's log line: a closed list, in this order, absent where there is nothing to say.
import { totalOutput } from 'ai-lib/internal/chat/usage'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { errorFields } from './error-fields.ts'
import type { AttemptSummary, ExchangeSummary } from './exchange-summary.ts'

/** Losses whose paths are listed; the count is always whole. */
const maxLossPaths = 20

/**
 * The whole line as one object, so that nothing is copied on the way to its text.
 * @param free takes secrets out of what a client or a provider wrote, and shortens it; the rest is ours and closed.
 */
export function requestFields(
  summary: ExchangeSummary,
  free: (text: string) => string,
  level: 'info' | 'warn',
  time: string,
): Record<string, unknown> {
  const { usage, attempts, losses } = summary
  return {
    level,
    time,
    request_id: summary.requestId,
    trace_id: summary.traceId,
    span_id: summary.spanId,
    route: free(summary.route),
    dialect: summary.dialect,
    provider: summary.provider,
    model: optional(summary.model, free),
    endpoint: summary.endpoint,
    lane: summary.lane,
    stream: summary.stream,
    status: summary.status,
    code: summary.code,
    outcome: summary.outcome,
    attempts: attempts.length,
    // One answered attempt says nothing that the line does not say already.
    attempt_log: attempts.length > 1 || summary.code !== undefined ? attempts.map(attemptText) : undefined,
    key_fingerprint: attempts.at(-1)?.keyFingerprint,
    latency_ms: rounded(summary.durationMs),
    overhead_ms: rounded(summary.overheadMs),
    ttft_ms: rounded(summary.ttftMs),
    inter_token_ms: rounded(summary.interTokenMs),
    input_tokens: usage && usage.inputTokens + usage.audioInputTokens,
    cache_read_tokens: usage?.cacheReadTokens,
    cache_write_tokens: usage?.cacheWriteTokens,
    output_tokens: usage && totalOutput(usage) - usage.reasoningTokens,
    reasoning_tokens: usage?.reasoningTokens,
    usage_source: summary.usageSource,
    cache: summary.cache,
    losses: losses.length === 0 ? undefined : losses.length,
    loss_paths: losses.length === 0 ? undefined : losses.slice(0, maxLossPaths).map(({ path }) => free(path)),
    key_id: summary.keyId,
    user: optional(summary.user, free),
    team: optional(summary.team, free),
    config_version: summary.configVersion,
    error: isTelling(summary.error) ? freeFields(errorFields(summary.error), free) : undefined,
    message: 'request',
  }
}

function optional(text: string | undefined, free: (text: string) => string): string | undefined {
  return text === undefined ? undefined : free(text)
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1_000) / 1_000
}

/** `openai-east/openai 503 overloaded 12 ms` */
function attemptText({ endpoint, provider, outcome, status, durationMs, keyFingerprint }: AttemptSummary): string {
  const key = keyFingerprint === undefined ? '' : ` key ${keyFingerprint}`
  return `${endpoint}/${provider}${status === undefined ? '' : ` ${status}`} ${outcome} ${Math.round(durationMs)} ms${key}`
}

/** An error that is nothing but its code is in the line already. */
function isTelling(error: unknown): boolean {
  if (error === undefined) return false
  return !(error instanceof AiError) || error.cause !== undefined || error.details.message !== undefined
}

function freeFields(fields: ReturnType<typeof errorFields>, free: (text: string) => string): Record<string, unknown> {
  return {
    code: fields.code,
    message: free(fields.message),
    causes: fields.causes?.map(free),
    stack: optional(fields.stack, free),
  }
}
