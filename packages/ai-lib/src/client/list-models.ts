// Asks a provider which models it has: its own list, page by page, or the catalogue's where it keeps none.
import { attempt } from '../attempts/attempt.ts'
import { systemClock } from '../attempts/clock.ts'
import { errorOfFailure } from '../attempts/failure-error.ts'
import { modelsRequest } from '../attempts/models-request.ts'
import type { Upstream } from '../attempts/target.ts'
import { isArray, isObject, type JsonValue } from '../bytes/json-value.ts'
import { modelsOf } from '../catalog/catalogue.ts'
import type { UpstreamFailure } from '../chat/failure.ts'
import { AiError } from '../errors/ai-error.ts'
import { type AnswerLane, codecFailure } from '../lanes/answer-lane.ts'
import { missingKey } from './missing-key.ts'
import { sanitizeLog } from '../redaction/sanitize-log.ts'

/** Pages that are read at most: Anthropic gives up to 1,000 names on each. */
const maxPages = 20
/** Names that are kept at most. */
const maxModels = 20_000
const commit = { holdMs: 15_000, bytes: 256 * 1024 }

interface Page {
  readonly names: readonly string[]
  /** Where the next page begins, where there is one. */
  readonly after: string | undefined
}

/** @throws AiError where the provider cannot be asked. */
export async function listModels(upstream: Upstream, signal?: AbortSignal): Promise<readonly string[]> {
  const names: string[] = []
  let after: string | undefined
  for (let page = 0; page < maxPages && names.length < maxModels; page++) {
    const read = await readPage(upstream, after, signal ?? new AbortController().signal)
    if (read === 'no-such-route') return knownModels(upstream)
    names.push(...read.names)
    after = read.after
    if (after === undefined) break
  }
  return [...new Set(names)].slice(0, maxModels)
}

function knownModels({ spec }: Upstream): readonly string[] {
  return [...new Set([...(spec.models ?? []), ...modelsOf(spec.name).map(({ id }) => id)])]
}

async function readPage(
  upstream: Upstream,
  after: string | undefined,
  signal: AbortSignal,
): Promise<Page | 'no-such-route'> {
  const key = upstream.keys.pick(systemClock.nowMs(), new Set())
  if (upstream.spec.isKeyRequired && !key?.secret) throw missingKey(upstream)
  const list = modelsRequest(upstream, key, after)
  if (!list)
    throw new AiError('service_not_available', {
      message: `${upstream.spec.label} has no list that this version reads.`,
    })
  const attempted = await attempt(
    {
      channel: upstream.channel,
      request: list.request,
      lane: new PageLane(),
      wire: list.wire,
      timeouts: upstream.timeouts,
      msLeft: upstream.timeouts.totalMs,
      commit,
      clock: systemClock,
    },
    signal,
  )
  if (attempted.kind === 'whole') return attempted.out
  if (attempted.kind === 'left') throw new AiError('caller_left', {}, { cause: signal.reason })
  if (attempted.kind === 'failed') {
    if (attempted.failure.status === 404 || attempted.failure.status === 405) return 'no-such-route'
    throw errorOfFailure(attempted.failure, (text) => sanitizeLog(text, upstream.keys.secrets()), false)
  }
  attempted.stream.destroy()
  throw new AiError('provider_invalid_response')
}

/** Reads one whole list; nothing of it streams. */
class PageLane implements AnswerLane<Page> {
  readonly losses = []
  readonly progress = 0
  readonly usage = undefined
  state: AnswerLane<Page>['state'] = 'quiet'
  failure: UpstreamFailure | undefined

  whole(body: Buffer): Page | undefined {
    try {
      const list: unknown = JSON.parse(body.toString('utf8'))
      const page = readNames(list)
      this.state = 'ended'
      return page
    } catch (thrown) {
      this.failure = codecFailure(thrown)
      this.state = 'failed'
      return undefined
    }
  }

  push(): void {
    this.end()
  }

  end(): void {
    this.failure = codecFailure(undefined)
    this.state = 'failed'
  }

  take(): undefined {
    return undefined
  }
}

// OpenAI and Anthropic put the list under `data`, Together gives it bare, Gemini's and Ollama's own routes say `models`.
function readNames(body: unknown): Page {
  const list = isArray(body) ? body : isObject(body) ? (body['data'] ?? body['models']) : undefined
  if (!isArray(list)) throw new AiError('provider_invalid_response', { message: 'It holds no list of models.' })
  const names = list.flatMap((entry) => nameOf(entry) ?? [])
  const more = isObject(body) && body['has_more'] === true ? body['last_id'] : undefined
  return { names, after: typeof more === 'string' && more !== '' ? more : undefined }
}

// Gemini's compatible list names `models/gemini-…`, its chat route takes both forms.
function nameOf(entry: JsonValue): string | undefined {
  if (typeof entry === 'string') return entry
  if (!isObject(entry)) return undefined
  const name = entry['id'] ?? entry['name']
  return typeof name === 'string' && name !== '' ? name.replace(/^models\//, '') : undefined
}
