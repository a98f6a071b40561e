// Finish reasons of OpenAI and those compatible with it, and back.
import type { StopReason } from '../../chat/events.ts'

const known: Readonly<Record<string, StopReason>> = {
  stop: 'end',
  eos: 'end',
  end_turn: 'end',
  complete: 'end',
  length: 'max-tokens',
  max_tokens: 'max-tokens',
  // Mistral's: prompt and answer together fill the context window.
  model_length: 'context-full',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  // Zhipu's.
  sensitive: 'content-filter',
}

/** `seen` says what the answer held: some providers say `stop` after tool calls, OpenAI does after a refusal. */
export function readStop(reason: string, seen: { readonly calls: boolean; readonly refusal: boolean }): StopReason {
  const stop = Object.hasOwn(known, reason) ? (known[reason] ?? 'other') : 'other'
  if (stop !== 'end') return stop
  if (seen.calls) return 'tool-calls'
  return seen.refusal ? 'refusal' : 'end'
}

/** What a client is told, and why that is not all of it. */
export interface WrittenStop {
  readonly reason: 'stop' | 'length' | 'tool_calls' | 'content_filter'
  readonly loss?: string
}

/** `hasRefusal`: the refusal's own text was written, after which OpenAI says `stop`. */
export function writeStop(stop: StopReason, rawStop: string, hasRefusal: boolean): WrittenStop {
  switch (stop) {
    case 'end':
    case 'stop-sequence':
      return { reason: 'stop' }
    case 'max-tokens':
    case 'context-full':
      return { reason: 'length' }
    case 'tool-calls':
      return { reason: 'tool_calls' }
    case 'refusal':
      return { reason: hasRefusal ? 'stop' : 'content_filter' }
    case 'content-filter':
      return { reason: 'content_filter' }
    case 'pause':
      return { reason: 'stop', loss: 'The provider paused its turn; OpenAI cannot say so.' }
    case 'other':
      return { reason: 'stop', loss: `The provider's reason ${rawStop.slice(0, 60)} has no word here.` }
  }
}
