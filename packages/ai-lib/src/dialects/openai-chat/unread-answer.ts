// Looks over each chunk of an answer for what the reader makes no event of.
import { isArray, isObject, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { Loss } from '../../chat/losses.ts'
import {
  choiceFields,
  chunkFields,
  completionDetailFields,
  customFields,
  functionFields,
  groqFields,
  messageFields,
  promptDetailFields,
  reasoningDetailFields,
  refusalFields,
  textFields,
  thinkingFields,
  toolCallFields,
  usageFields,
} from './answer-fields.ts'
import { readDetail } from './reasoning-details.ts'
import { type Fields, isNeutral, UnreadFields } from '../unread-fields.ts'

const empty: JsonObject = {}

export class UnreadAnswer {
  readonly #unread = new UnreadFields()

  get losses(): readonly Loss[] {
    return this.#unread.losses
  }

  /** @param choice the one choice that is read, `field` where its message or delta is. */
  note(chunk: JsonObject, choice: JsonObject | undefined, field: 'delta' | 'message'): void {
    this.#unread.noteUnread(chunk, chunkFields, '')
    this.#usage(chunk['usage'], 'usage')
    if (chunk['x_groq'] !== undefined)
      this.#usage(this.#object(chunk['x_groq'], groqFields, 'x_groq')['usage'], 'x_groq.usage')
    this.#sources(chunk)
    this.#otherChoices(chunk['choices'], choice)
    if (choice === undefined) return
    this.#object(choice, choiceFields, 'choices.0')
    this.#usage(choice['usage'], 'choices.0.usage')
    this.#message(choice[field], field === 'delta' ? 'choices.0.delta' : 'choices.0.message')
  }

  #object(value: JsonValue | undefined, fields: Fields, path: string): JsonObject {
    if (!isObject(value)) return empty
    this.#unread.noteUnread(value, fields, path)
    return value
  }

  #usage(value: JsonValue | undefined, path: string): void {
    if (!isObject(value)) return
    const usage = this.#object(value, usageFields, path)
    this.#object(usage['prompt_tokens_details'], promptDetailFields, `${path}.prompt_tokens_details`)
    this.#object(usage['completion_tokens_details'], completionDetailFields, `${path}.completion_tokens_details`)
  }

  #otherChoices(choices: JsonValue | undefined, read: JsonObject | undefined): void {
    if (!isArray(choices) || (choices.length === 1 && choices[0] === read)) return
    for (const [at, choice] of choices.entries())
      if (choice !== read && !isNeutral(choice))
        this.#unread.note(`choices.${placeOf(choice, at)}`, 'A translated answer is one choice.')
  }

  // Perplexity tells each source twice: as an address in `citations`, with more about it in `search_results`.
  #sources(chunk: JsonObject): void {
    const { search_results: results, citations } = chunk
    if (results === undefined && citations === undefined) return
    const told = new Set<JsonValue | undefined>()
    for (const source of isArray(results) ? results : []) {
      if (isObject(source)) told.add(source['url'])
      if (!isPlainSource(source)) this.#unread.note('search_results', 'Of a source its address and title are carried.')
    }
    for (const source of isArray(citations) ? citations : [])
      if (told.size === 0 ? !isPlainSource(source) : !told.has(isObject(source) ? source['url'] : source))
        this.#unread.note('citations', 'Of a source its address and title are carried.')
  }

  // This runs for every token: most deltas are one text, for which no path is built and no list walked.
  #message(value: JsonValue | undefined, path: string): void {
    const message = this.#object(value, messageFields, path)
    const { content, annotations, tool_calls: calls, function_call: legacy } = message
    if (isArray(content)) this.#content(content, `${path}.content`)
    if (isArray(annotations)) this.#annotations(annotations, `${path}.annotations`)
    if (isArray(calls)) for (const [at, call] of calls.entries()) this.#call(call, `${path}.tool_calls`, at)
    if (isObject(legacy)) this.#object(legacy, functionFields, `${path}.function_call`)
    this.#reasoning(message, path)
  }

  #annotations(annotations: readonly JsonValue[], path: string): void {
    for (const [at, entry] of annotations.entries()) if (!isObject(entry)) this.#unread.note(`${path}.${at}`)
  }

  #content(content: readonly JsonValue[], path: string): void {
    for (const [at, part] of content.entries()) {
      const place = `${path}.${at}`
      if (!isObject(part)) this.#unread.note(place)
      else if (part['type'] === 'text') this.#object(part, textFields, place)
      else if (part['type'] === 'thinking') this.#object(part, thinkingFields, place)
      else if (part['type'] === 'refusal') this.#object(part, refusalFields, place)
      // Parts of other types are carried whole.
    }
  }

  #reasoning(message: JsonObject, path: string): void {
    const { reasoning_content: first, reasoning: second, reasoning_details: details } = message
    if (!isNeutral(first) && !isNeutral(second) && first !== second)
      this.#unread.note(`${path}.reasoning`, 'It differs from reasoning_content, which is carried.')
    if (isArray(details))
      for (const [at, entry] of details.entries()) this.#reasoningDetail(entry, `${path}.reasoning_details.${at}`)
  }

  #reasoningDetail(entry: JsonValue, place: string): void {
    if (!isObject(entry)) this.#unread.note(place)
    // This dialect's own seal holds the entry as it came.
    else if (readDetail(entry).seal?.dialect !== 'openai-chat') this.#object(entry, reasoningDetailFields, place)
  }

  #call(value: JsonValue, path: string, at: number): void {
    if (!isObject(value)) return this.#unread.note(`${path}.${at}`)
    const place = `${path}.${placeOf(value, at)}`
    const call = this.#object(value, toolCallFields, place)
    this.#object(call['function'], functionFields, `${place}.function`)
    this.#object(call['custom'], customFields, `${place}.custom`)
  }
}

// Streams tell one element per chunk, whose place in the answer is its index; GLM gives all calls the index -1.
function placeOf(element: JsonValue, at: number): number {
  const index = isObject(element) ? element['index'] : undefined
  return typeof index === 'number' && index > 0 ? Math.floor(index) : at
}

function isPlainSource(source: JsonValue): boolean {
  if (!isObject(source)) return typeof source === 'string'
  return Object.entries(source).every(([key, value]) => key === 'url' || key === 'title' || isNeutral(value))
}
