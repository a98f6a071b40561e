// Puts together the tool calls of a stream: by index, by id, or by order where a provider gives neither.
import { randomUUID } from 'node:crypto'
import { isObject, numberAt, stringAt, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { toolCallId } from '../../chat/parts.ts'

interface Call {
  /** The provider's id, empty where it has none yet. */
  id: string
  /** Set once the call has begun; a call begins when its name is known. */
  part: number | undefined
  /** Arguments that came before the name. */
  held: string
  /** A call of a custom tool: carried whole, as only OpenAI knows it. */
  readonly custom?: { name: string; input: string }
}

/** Gives out part indices, shared with the other parts of the answer. */
export type NextIndex = () => number

export class ToolCalls {
  readonly #nextIndex: NextIndex
  readonly #byIndex = new Map<number, Call>()
  readonly #calls: Call[] = []

  constructor(nextIndex: NextIndex) {
    this.#nextIndex = nextIndex
  }

  get count(): number {
    return this.#calls.length
  }

  /** One entry of `tool_calls`. */
  add(delta: JsonObject, events: ChatEvent[]): void {
    const custom = isObject(delta['custom']) ? delta['custom'] : undefined
    const body = custom ?? (isObject(delta['function']) ? delta['function'] : {})
    const name = stringAt(body, 'name') ?? ''
    const id = stringAt(delta, 'id') ?? ''
    const call = this.#find(indexOf(delta), id, name, custom !== undefined)
    if (call.id === '') call.id = id
    if (call.custom !== undefined) addCustom(call.custom, name, body)
    else this.#grow(call, name, argumentsText(body['arguments']), events)
  }

  /** The legacy `function_call`, of which there is only one. */
  addFunction(delta: JsonObject, events: ChatEvent[]): void {
    const [first] = this.#calls
    this.#grow(
      first ?? this.#begin(undefined, false),
      stringAt(delta, 'name') ?? '',
      argumentsText(delta['arguments']),
      events,
    )
  }

  /** Ends all calls. False where one never told its name: nobody can run it. */
  end(events: ChatEvent[]): boolean {
    for (const call of this.#calls) {
      if (call.custom !== undefined) {
        const json = JSON.stringify({ id: call.id, type: 'custom', custom: call.custom })
        events.push({ type: 'opaque', opaque: { dialect: 'openai-chat', json } })
      } else if (call.part === undefined) return false
      else events.push({ type: 'part-end', index: call.part })
    }
    return true
  }

  #find(index: number | undefined, id: string, name: string, custom: boolean): Call {
    const known = index === undefined ? this.#byId(id, name) : this.#byIndex.get(index)
    // Gemini's compatible endpoint gives every parallel call the index 0: a new id with a name is a new call.
    const isOther = known !== undefined && id !== '' && known.id !== '' && known.id !== id && name !== ''
    return known === undefined || isOther ? this.#begin(index, custom) : known
  }

  #byId(id: string, name: string): Call | undefined {
    const last = this.#calls.at(-1)
    if (id !== '') return this.#calls.find((call) => call.id === id)
    // Without index and id, a name begins a call and arguments go on with the last.
    return name !== '' && last?.part !== undefined ? undefined : last
  }

  #begin(index: number | undefined, custom: boolean): Call {
    const call: Call = { id: '', part: undefined, held: '', ...(custom ? { custom: { name: '', input: '' } } : {}) }
    this.#calls.push(call)
    if (index !== undefined) this.#byIndex.set(index, call)
    return call
  }

  #grow(call: Call, name: string, text: string, events: ChatEvent[]): void {
    if (call.part === undefined) {
      if (name === '') {
        call.held += text
        return
      }
      call.part = this.#nextIndex()
      // An id that the provider leaves out must still be unlike those of earlier turns.
      if (call.id === '') call.id = `call_${randomUUID().replaceAll('-', '')}`
      events.push({
        type: 'part-start',
        index: call.part,
        head: { type: 'tool-call', callId: toolCallId(call.id), name },
      })
      text = call.held + text
      call.held = ''
    }
    if (text !== '') events.push({ type: 'part-delta', index: call.part, text })
  }
}

// GLM says -1 for every call: no index at all.
function indexOf(delta: JsonObject): number | undefined {
  const index = numberAt(delta, 'index')
  return index === undefined || index < 0 ? undefined : index
}

function addCustom(custom: { name: string; input: string }, name: string, body: JsonObject): void {
  if (custom.name === '') custom.name = name
  custom.input += stringAt(body, 'input') ?? ''
}

// Some providers send arguments as an object instead of its JSON text.
function argumentsText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  return isObject(value) ? JSON.stringify(value) : ''
}
