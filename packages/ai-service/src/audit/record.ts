// The records of a request, its start and its end, as drafts: every member written in canonical order by hand, because
// this runs twice per request on the loop that serves all of them.
import type { AttemptRecord } from 'ai-lib/internal/attempts/attempt-record'
import { totalOutput, type Usage } from 'ai-lib/internal/chat/usage'
import type { Exchange } from '../exchange/exchange.ts'
import type { Settlement } from '../exchange/settlement.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Draft } from './draft.ts'

export interface RecordParts {
  readonly configVersion: string
  /** Takes secrets out of what a client wrote. */
  /** The first letters of a text, as many as are asked for, without secrets. */
  readonly excerpt: (text: string, maxChars: number) => string
  /** Undefined where no price is known. */
  readonly costMicroUsd: (provider: string, model: string, usage: Usage) => bigint | undefined
  readonly nowMs: () => number
}

/** Characters of a name that a client chose. */
const maxName = 256
/** Different names whose quoted form is kept. */
const maxRemembered = 2_000

export class RequestRecords {
  readonly #parts: RecordParts
  readonly #configVersion: string
  readonly #quotedNames = new Map<string, string>()
  /** From the start of a request to its end: its tags are searched once. */
  readonly #shownTags = new WeakMap<object, string>()
  #timeMs = -1
  #time = ''

  constructor(parts: RecordParts) {
    this.#parts = parts
    this.#configVersion = canonicalJson(parts.configVersion)
  }

  start(exchange: Exchange): Draft {
    const { operation, asked } = exchange
    return {
      kind: 'start',
      requestId: exchange.id,
      pieces: [
        `${this.#actor(exchange)}"config_version":${this.#configVersion},"dialect":"${operation.wire.dialect}",`,
        `"kind":"start",${count('message_count', asked?.head.messages)}"model":{"asked":${this.#name(asked?.head.model ?? '')}},`,
        `"request_id":"${exchange.id}","route":"${exchange.path}",`,
        `"stream":${asked?.head.stream ?? false},${this.#tags(exchange)}"time":"${this.#now()}","tools_count":${asked?.head.tools ?? 0},`,
      ],
    }
  }

  end(exchange: Exchange, settlement: Settlement): Draft {
    const { operation, asked } = exchange
    const { metered, attempts, provider, model, endpoint, error } = settlement
    const usage = metered.kind === 'reported' ? metered.usage : undefined
    const key = attempts.at(-1)?.keyFingerprint
    const priced = usage && provider !== undefined && model !== undefined
    const cost = priced ? this.#parts.costMicroUsd(provider, model, usage) : undefined
    return {
      kind: 'end',
      requestId: exchange.id,
      pieces: [
        `${this.#actor(exchange)}"attempts":[${attempts.map(attemptText).join(',')}],` +
          `${settlement.cache === undefined ? '' : `"cache":"${settlement.cache}",`}"config_version":${this.#configVersion},${cost === undefined ? '' : `"cost_usd":${Number(cost) / 1_000_000},`}` +
          `"dialect":"${operation.wire.dialect}",${endpoint === undefined ? '' : `"endpoint":${this.#name(endpoint)},`}` +
          (error ? `"error_code":"${error.code}",` : ''),
        `${key === undefined ? '' : `"key_fingerprint":"${key}",`}"kind":"end","latency_ms":${milliseconds(settlement.durationMs)},` +
          `${count('message_count', asked?.head.messages)}"model":{"asked":${this.#name(asked?.head.model ?? '')}` +
          `${model === undefined ? '' : `,"used":${this.#name(model)}`}},"outcome":"${settlement.end}",`,
        `${provider === undefined ? '' : `"provider":${this.#name(provider)},`}"request_id":"${exchange.id}","route":"${exchange.path}",`,
        `"stream":${asked?.head.stream ?? false},${this.#tags(exchange)}"time":"${this.#now()}",${usage ? tokens(usage) : ''}` +
          `"tools_count":${asked?.head.tools ?? 0},${settlement.ttftMs === undefined ? '' : `"ttft_ms":${milliseconds(settlement.ttftMs)},`}` +
          `"usage_source":"${metered.kind}",`,
      ],
    }
  }

  #actor({ caller, head }: Exchange): string {
    const user = caller.user ?? head.user
    const members: string[] = []
    if (caller.keyId !== undefined) members.push(`"key_id":${this.#name(caller.keyId)}`)
    if (caller.team !== undefined) members.push(`"team":${this.#name(caller.team)}`)
    if (user !== undefined) members.push(`"user":${this.#name(user)}`)
    return `"actor":{${members.join(',')}},`
  }

  #tags(exchange: Exchange): string {
    const { head, trace } = exchange
    if (head.tags === undefined && trace === undefined) return ''
    let text = this.#shownTags.get(exchange)
    if (text === undefined) {
      // What the client tagged itself stays.
      const tags = { ...(trace === undefined ? {} : { trace_id: trace.traceId }), ...head.tags }
      const entries = Object.entries(tags).map(([name, value]) => [this.#shown(name), this.#shown(value)])
      text = `"tags":${canonicalJson(Object.fromEntries(entries))},`
      this.#shownTags.set(exchange, text)
    }
    return text
  }

  /** A name as canonical JSON; models and users come again and again. What is too long to be shown is not remembered. */
  #name(text: string): string {
    if (text.length > maxName) return canonicalJson(this.#shown(text))
    let quoted = this.#quotedNames.get(text)
    if (quoted === undefined) {
      quoted = canonicalJson(this.#shown(text))
      if (this.#quotedNames.size >= maxRemembered) this.#quotedNames.clear()
      this.#quotedNames.set(text, quoted)
    }
    return quoted
  }

  #shown(text: string): string {
    // A body may hold megabytes where a name belongs: no more of it is searched than is shown.
    return this.#parts.excerpt(text, maxName).toWellFormed()
  }

  #now(): string {
    const nowMs = this.#parts.nowMs()
    if (nowMs !== this.#timeMs) {
      this.#timeMs = nowMs
      this.#time = new Date(nowMs).toISOString()
    }
    return this.#time
  }
}

// Configured names and closed sets only; quoting guards against a provider's name that needs it.
function attemptText(attempt: AttemptRecord): string {
  const { endpoint, provider, keyFingerprint, phase, status, durationMs, outcome } = attempt
  return (
    `{"endpoint":${JSON.stringify(endpoint)},${keyFingerprint === undefined ? '' : `"key_fingerprint":"${keyFingerprint}",`}` +
    `"ms":${milliseconds(durationMs)},"outcome":"${outcome}",${phase === undefined ? '' : `"phase":"${phase}",`}` +
    `"provider":${JSON.stringify(provider)}${status === undefined ? '' : `,"status":${status}`}}`
  )
}

// Audio counts as input and output, as in the log.
function tokens(usage: Usage): string {
  const input = usage.inputTokens + usage.audioInputTokens
  const output = totalOutput(usage) - usage.reasoningTokens
  return (
    `"tokens":{"cache_read":${usage.cacheReadTokens},"cache_write":${usage.cacheWriteTokens},"input":${input},` +
    `"output":${output},"reasoning":${usage.reasoningTokens}},`
  )
}

function count(name: string, value: number | undefined): string {
  return value === undefined ? '' : `"${name}":${value},`
}

function milliseconds(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
