// Legacy completions: a chunk has the form of the whole, with as much of the text as it carries.
import { isArray, isObject, type JsonObject, tryParseJson } from '../bytes/json-value.ts'
import { dataEvent } from '../bytes/sse-encoder.ts'
import type { Usage } from '../chat/usage.ts'
import { totalInput, totalOutput } from '../chat/usage.ts'
import { framesOf } from './complete-answer.ts'

interface Kept {
  readonly form: 'whole' | 'stream'
  readonly bytes: Uint8Array
  readonly usage: Usage | undefined
}

export function completionsAsStream({ form, bytes, usage }: Kept, tellsUsage: boolean): Uint8Array | undefined {
  const whole = form === 'whole' ? tryParseJson(Buffer.from(bytes).toString('utf8')) : wholeOf(bytes)
  if (!isObject(whole)) return undefined
  const { usage: told, ...chunk } = whole
  const figures = told ?? (usage && figuresOf(usage))
  const last = tellsUsage && figures ? dataEvent(JSON.stringify({ ...chunk, choices: [], usage: figures })) : ''
  return Buffer.from(`${dataEvent(JSON.stringify(chunk))}${last}${dataEvent('[DONE]')}`)
}

export function completionsAsWhole({ bytes, usage }: Kept): Uint8Array | undefined {
  const whole = wholeOf(bytes)
  if (whole === undefined) return undefined
  return Buffer.from(JSON.stringify(whole['usage'] || !usage ? whole : { ...whole, usage: figuresOf(usage) }))
}

function wholeOf(bytes: Uint8Array): JsonObject | undefined {
  const choices = new Map<number, JsonObject>()
  const frames = framesOf(bytes)
  for (const frame of frames)
    for (const choice of isArray(frame['choices']) ? frame['choices'] : []) {
      // Log probabilities are lists that would have to be joined: such an answer is asked for anew.
      if (!isObject(choice) || (choice['logprobs'] ?? null) !== null) return undefined
      const { index } = choice
      if (typeof index !== 'number') return undefined
      choices.set(index, joined(choices.get(index), choice))
    }
  const usage = frames.findLast((frame) => isObject(frame['usage']))?.['usage']
  const [first] = frames
  if (first === undefined || choices.size === 0) return undefined
  const { usage: _, ...head } = first
  const ordered = [...choices.entries()].toSorted(([left], [right]) => left - right).map(([, choice]) => choice)
  return { ...head, choices: ordered, ...(usage === undefined ? {} : { usage }) }
}

function joined(before: JsonObject | undefined, choice: JsonObject): JsonObject {
  const text = `${textOf(before)}${textOf(choice)}`
  return { ...before, ...choice, text, finish_reason: choice['finish_reason'] ?? before?.['finish_reason'] ?? null }
}

function textOf(choice: JsonObject | undefined): string {
  const text = choice?.['text']
  return typeof text === 'string' ? text : ''
}

function figuresOf(usage: Usage): JsonObject {
  const [prompt, completion] = [totalInput(usage), totalOutput(usage)]
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
