// Remembers whole answers in the application's cache; a cache that fails costs an answer from the provider, never an error.
import { createHash } from 'node:crypto'
import { isObject, tryParseJson } from '../bytes/json-value.ts'
import type { CompletionCache } from '../cache/response-cache.ts'
import type { StopReason } from '../chat/events.ts'
import type { WholeMessage } from '../chat/fold-events.ts'
import type { Loss } from '../chat/losses.ts'
import { type ChatCompletionRequest, type ChatCompletionResponse, completionOf } from './chat-completion.ts'

/** An answer as it came from a provider. */
interface Remembered {
  readonly message: WholeMessage
  readonly provider: string
  readonly losses: readonly Loss[]
}

/** Answers that ended as the model meant them to. One that was cut or moderated away is asked for again. */
const complete: ReadonlySet<StopReason> = new Set(['end', 'stop-sequence', 'tool-calls'])

export class CompletionMemory {
  readonly #cache: CompletionCache
  readonly #identity: string

  /** @param identity text that differs where other providers, addresses or models would answer. */
  constructor(cache: CompletionCache, identity: string) {
    this.#cache = cache
    this.#identity = identity
  }

  /** The key of a request: a hash, so that no prompt stands in a key. */
  keyOf(request: ChatCompletionRequest): string {
    const hash = createHash('sha256').update(JSON.stringify([1, this.#identity, request]))
    return `ai-lib:completion:${hash.digest('hex')}`
  }

  async recall(key: string): Promise<ChatCompletionResponse | undefined> {
    let text: string | undefined
    try {
      text = await this.#cache.get(key)
    } catch {
      return undefined // The cache is the application's: away means that there is nothing in it.
    }
    const found = text === undefined ? undefined : tryParseJson(text)
    if (!isRemembered(found, key)) return undefined
    return completionOf(found.message, found.provider, found.losses)
  }

  /** Never rejects. */
  async keep(key: string, { message, provider, losses }: Remembered): Promise<void> {
    if (!complete.has(message.stop)) return
    try {
      await this.#cache.set(key, JSON.stringify({ key, message, provider, losses }))
    } catch {
      // As above: the answer is there all the same.
    }
  }
}

// The key stands in the value too: a store that gives another entry's value is found out.
function isRemembered(value: unknown, key: string): value is Remembered {
  return (
    isObject(value) &&
    value['key'] === key &&
    typeof value['provider'] === 'string' &&
    Array.isArray(value['losses']) &&
    isObject(value['message']) &&
    Array.isArray(value['message']['parts'])
  )
}
