// Stop reasons of this dialect and the canonical ones.
import type { StopReason } from '../../chat/events.ts'

const canonical: ReadonlyMap<string, StopReason> = new Map([
  ['end_turn', 'end'],
  ['max_tokens', 'max-tokens'],
  ['stop_sequence', 'stop-sequence'],
  ['tool_use', 'tool-calls'],
  ['pause_turn', 'pause'],
  ['refusal', 'refusal'],
  ['model_context_window_exceeded', 'context-full'],
])

export function readStop(reason: string): StopReason {
  return canonical.get(reason) ?? 'other'
}

/** The reason to write; `content-filter` has no word of its own here, `other` is told as an end. */
export function writeStop(stop: StopReason): string {
  switch (stop) {
    case 'end':
    case 'other':
      return 'end_turn'
    case 'max-tokens':
      return 'max_tokens'
    case 'stop-sequence':
      return 'stop_sequence'
    case 'tool-calls':
      return 'tool_use'
    case 'pause':
      return 'pause_turn'
    case 'refusal':
    case 'content-filter':
      return 'refusal'
    case 'context-full':
      return 'model_context_window_exceeded'
  }
}
