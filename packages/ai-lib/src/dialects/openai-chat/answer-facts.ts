// What a chunk or a whole answer that has been parsed says of itself.
import { isArray, isObject, type JsonObject, stringAt } from '../../bytes/json-value.ts'
import type { AnswerFacts } from '../../chat/answer-facts.ts'

export function factsOf(answer: JsonObject): AnswerFacts {
  return { id: stringAt(answer, 'id'), model: stringAt(answer, 'model'), stops: stopsOf(answer) }
}

/** Of a stream, which says id and model in every chunk, and why it ended in its last. */
export function addFacts(before: AnswerFacts | undefined, chunk: JsonObject): AnswerFacts {
  if (before === undefined) return factsOf(chunk)
  const stops = stopsOf(chunk)
  return stops.length === 0 ? before : { ...before, stops: [...before.stops, ...stops] }
}

const none: readonly string[] = []

function stopsOf(answer: JsonObject): readonly string[] {
  const choices = answer['choices']
  if (!isArray(choices)) return none
  return choices.flatMap((choice) => (isObject(choice) ? (stringAt(choice, 'finish_reason') ?? none) : none))
}
