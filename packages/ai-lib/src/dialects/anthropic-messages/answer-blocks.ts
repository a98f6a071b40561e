// Turns the content blocks of an answer, whole or in deltas, into events.
import {
  isObject,
  type JsonObject,
  type JsonValue,
  arrayAt,
  objectAt,
  stringAt,
  tryParseJson,
} from '../../bytes/json-value.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { type Citation, toolCallId } from '../../chat/parts.ts'
import { readCitation } from './citations.ts'
import { memberTexts, objectText } from './json-text.ts'
import { compactJson, type RawJson } from './raw-json.ts'
import { sealed, sealedText } from './seal.ts'

/** Gives canonical indices and knows how much text the message has, which places citations in it. */
export interface MessageState {
  nextIndex: number
  textLength: number
}

/** A block between its start and its stop. */
export interface OpenBlock {
  /** Undefined where the delta does not fit the block. */
  delta(delta: JsonObject): readonly ChatEvent[] | undefined
  stop(): readonly ChatEvent[]
}

export interface Opened {
  readonly block: OpenBlock
  readonly events: readonly ChatEvent[]
}

/** @param raw the block's own text, for what is passed on as it is. */
export function openBlock(block: JsonObject, raw: () => RawJson | undefined, message: MessageState): Opened {
  switch (block['type']) {
    case 'text':
      return openText(block, message)
    case 'thinking':
      return openThinking(block, message)
    case 'redacted_thinking': {
      const index = message.nextIndex++
      const seal = sealed({ type: 'redacted_thinking', data: stringAt(block, 'data') ?? '' })
      const events: readonly ChatEvent[] = [{ type: 'part-start', index, head: { type: 'reasoning' } }]
      return { events, block: { delta: () => [], stop: () => [{ type: 'part-end', index, seal }] } }
    }
    case 'tool_use':
      return openToolUse(block, raw, message)
    default:
      return { events: [], block: new OpaqueBlock(block, raw) }
  }
}

function textDelta(index: number, text: string): readonly ChatEvent[] {
  return text === '' ? [] : [{ type: 'part-delta', index, text }]
}

function openText(block: JsonObject, message: MessageState): Opened {
  const index = message.nextIndex++
  const start = message.textLength
  const citations: JsonObject[] = (arrayAt(block, 'citations') ?? []).filter((citation) => isObject(citation))
  const say = (text: string) => {
    message.textLength += text.length
    return textDelta(index, text)
  }
  // A citation covers its whole block, whose end is only known at the stop.
  const cite = (citation: JsonObject): ChatEvent => {
    const span = { start, end: message.textLength }
    const read: Citation = readCitation(citation, span)
    return { type: 'citation', index, citation: read }
  }
  return {
    events: [{ type: 'part-start', index, head: { type: 'text' } }, ...say(stringAt(block, 'text') ?? '')],
    block: {
      delta(delta) {
        if (delta['type'] === 'text_delta') return say(stringAt(delta, 'text') ?? '')
        const citation = objectAt(delta, 'citation')
        if (citation !== undefined) citations.push(citation)
        return misfits(delta, 'citations_delta') ? undefined : []
      },
      stop: () => [...citations.map(cite), { type: 'part-end', index }],
    },
  }
}

function openThinking(block: JsonObject, message: MessageState): Opened {
  const index = message.nextIndex++
  let signature = stringAt(block, 'signature') ?? ''
  return {
    events: [
      { type: 'part-start', index, head: { type: 'reasoning' } },
      ...textDelta(index, stringAt(block, 'thinking') ?? ''),
    ],
    block: {
      delta(delta) {
        if (delta['type'] === 'thinking_delta') return textDelta(index, stringAt(delta, 'thinking') ?? '')
        signature = stringAt(delta, 'signature') ?? signature
        return misfits(delta, 'signature_delta') ? undefined : []
      },
      stop: () => [
        signature === ''
          ? { type: 'part-end', index }
          : { type: 'part-end', index, seal: sealed({ type: 'thinking', signature }) },
      ],
    },
  }
}

function openToolUse(block: JsonObject, raw: () => RawJson | undefined, message: MessageState): Opened {
  const index = message.nextIndex++
  let hasDeltas = false
  const head = {
    type: 'tool-call' as const,
    callId: toolCallId(stringAt(block, 'id') ?? ''),
    name: stringAt(block, 'name') ?? '',
  }
  // Where deltas follow, `input` is `{}`; some answers give it whole at the start instead, and calls without arguments
  // have no deltas at all.
  const whole = () => raw()?.field('input')?.text ?? '{}'
  return {
    events: [{ type: 'part-start', index, head }],
    block: {
      delta(delta) {
        const text = stringAt(delta, 'partial_json') ?? ''
        if (text !== '') hasDeltas = true
        return misfits(delta, 'input_json_delta') ? undefined : textDelta(index, text)
      },
      stop: () => [...(hasDeltas ? [] : textDelta(index, whole())), { type: 'part-end', index }],
    },
  }
}

const knownDeltas: ReadonlySet<JsonValue | undefined> = new Set([
  'text_delta',
  'thinking_delta',
  'signature_delta',
  'input_json_delta',
  'citations_delta',
])

// A delta of a known kind inside the wrong block means that the stream is not what it seems; unknown kinds are skipped.
function misfits(delta: JsonObject, own: string): boolean {
  return delta['type'] !== own && knownDeltas.has(delta['type'])
}

/** Server tools, their results, compaction: collected and handed on whole. */
class OpaqueBlock implements OpenBlock {
  readonly #raw: () => RawJson | undefined
  readonly #fields: Record<string, JsonValue | undefined>
  #input = ''
  #isChanged = false

  constructor(block: JsonObject, raw: () => RawJson | undefined) {
    this.#fields = { ...block }
    this.#raw = raw
  }

  delta(delta: JsonObject): readonly ChatEvent[] {
    const { type, partial_json: json, ...told } = delta
    if (type === 'input_json_delta') {
      this.#input += typeof json === 'string' ? json : ''
      return []
    }
    this.#isChanged = true
    for (const [key, value] of Object.entries(told)) {
      const known = this.#fields[key]
      this.#fields[key] = typeof known === 'string' && typeof value === 'string' ? known + value : value
    }
    return []
  }

  stop(): readonly ChatEvent[] {
    return [{ type: 'opaque', opaque: sealedText(this.#json()) }]
  }

  #json(): string {
    const hasInput = tryParseJson(this.#input) !== undefined
    if (!hasInput && !this.#isChanged) return this.#raw()?.compactText ?? JSON.stringify(this.#fields)
    return objectText({ ...memberTexts(this.#fields), ...(hasInput ? { input: compactJson(this.#input) } : {}) })
  }
}
