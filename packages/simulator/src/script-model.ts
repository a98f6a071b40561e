// The model `script`: the last user text is the behaviour, so that a process without a handle on the simulator can steer it.
import type { Behaviour } from './behaviour.ts'
import type { Asked, Endpoint } from './endpoint.ts'
import { type JsonObject, stringAt } from './json.ts'
import { explainScripts, readBehaviour } from './read-behaviour.ts'

export type Scripted =
  | { readonly kind: 'behaviour'; readonly text: string; readonly behaviour: Behaviour }
  | { readonly kind: 'flawed'; readonly message: string }

/** Nothing where another model is asked. A text that is not JSON gets the list of possible scripts as its answer. */
export function readScript(endpoint: Endpoint, asked: Asked): Scripted | undefined {
  if (!isScriptModel(asked.body)) return undefined
  const text = endpoint.lastUserText(asked)
  const read = readBehaviour(text)
  if (read.kind === 'flawed') return read
  if (read.kind === 'behaviour') return { kind: 'behaviour', text, behaviour: read.behaviour }
  // A request without a text is malformed, not a question about scripts: the endpoint words its refusal.
  return {
    kind: 'behaviour',
    text,
    behaviour: text === '' ? { kind: 'answer' } : { kind: 'answer', text: explainScripts() },
  }
}

function isScriptModel(body: JsonObject): boolean {
  const model = stringAt(body, 'model') ?? ''
  return model === 'script' || model.endsWith('/script')
}
