// Reads a behaviour that came as text in a request for the model `script`.
import type { Behaviour } from './behaviour.ts'
import { isObject, type JsonObject, parseJson } from './json.ts'

export type ReadBehaviour =
  | { readonly kind: 'behaviour'; readonly behaviour: Behaviour }
  | { readonly kind: 'not-json' }
  | { readonly kind: 'flawed'; readonly message: string }

type FieldType = 'string' | 'number' | 'boolean' | 'object' | 'list' | 'behaviour' | 'behaviours' | 'text-or-object'

interface Fields {
  readonly [field: string]: readonly [type: FieldType, required?: 'required']
}

const ANSWER: Fields = {
  text: ['string'],
  reasoning: ['string'],
  refusal: ['string'],
  toolCalls: ['list'],
  stop: ['string'],
  usage: ['object'],
  chunkSize: ['number'],
  intervalMs: ['number'],
  firstByteMs: ['number'],
  omitUsage: ['boolean'],
  headers: ['object'],
}

const KINDS: { readonly [kind in Behaviour['kind']]: Fields } = {
  answer: ANSWER,
  status: { status: ['number', 'required'], headers: ['object'], body: ['text-or-object'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a field of ours, never a function: awaiting it is harmless
  delay: { ms: ['number', 'required'], then: ['behaviour'] },
  reset: { at: ['string', 'required'], afterBytes: ['number'], answer: ['behaviour'] },
  cut: { afterEvents: ['number'], midEvent: ['boolean'], how: ['string'], answer: ['behaviour'] },
  'half-open': { afterEvents: ['number'], answer: ['behaviour'] },
  garbage: { what: ['string'], bytes: ['string'], status: ['number'], contentType: ['string'] },
  'error-in-stream': { afterEvents: ['number'], error: ['object'], answer: ['behaviour'] },
  'gzip-bomb': { inflatedBytes: ['number', 'required'], encoding: ['string', 'required'] },
  raw: {
    status: ['number', 'required'],
    headers: ['object', 'required'],
    chunks: ['list', 'required'],
    intervalMs: ['number'],
    contentLength: ['boolean'],
    splitEveryBytes: ['number'],
    closeDelimited: ['boolean'],
  },
  redirect: { status: ['number', 'required'], location: ['string', 'required'] },
  script: { attempts: ['behaviours', 'required'] },
  unsolicited: { text: ['string'], answer: ['behaviour'] },
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  'reset.at': ['connect', 'head', 'body'],
  'cut.how': ['fin', 'clean', 'close-delimited'],
  'garbage.what': ['html', 'empty', 'binary', 'truncated-json', 'wrong-type', 'not-http', 'no-content'],
  'gzip-bomb.encoding': ['gzip', 'br', 'zstd'],
}

/** A list gives its first behaviour. Fields that no behaviour has are allowed: they make two equal scripts different. */
export function readBehaviour(text: string): ReadBehaviour {
  const parsed = parseJson(text)
  if (!parsed.ok) return { kind: 'not-json' }
  const value: unknown = Array.isArray(parsed.value) ? parsed.value[0] : parsed.value
  const flaw = findFlaw(value)
  if (flaw === undefined && isBehaviour(value)) return { kind: 'behaviour', behaviour: value }
  return { kind: 'flawed', message: flaw ?? 'This is no behaviour.' }
}

/** One line for each behaviour, for a person who tries the model `script` by hand. */
export function explainScripts(): string {
  const lines = Object.entries(KINDS).map(([kind, fields]) => {
    const names = Object.entries(fields).map(([name, [, required]]) => (required === undefined ? `${name}?` : name))
    return `- ${kind}: ${names.join(', ')}`
  })
  return [
    'The model "script" does what the last user text says, as JSON, for example {"kind":"status","status":529}. Kinds and their fields:',
    ...lines,
  ].join('\n')
}

function isBehaviour(value: unknown): value is Behaviour {
  return findFlaw(value) === undefined
}

function findFlaw(value: unknown): string | undefined {
  if (!isObject(value)) return 'A behaviour is a JSON object with a "kind".'
  const kind = value['kind']
  if (!isKind(kind)) return `Unknown kind ${JSON.stringify(kind)}: expected one of ${Object.keys(KINDS).join(', ')}.`
  for (const [field, [type, required]] of Object.entries(KINDS[kind])) {
    const flaw = findFieldFlaw(`${kind}.${field}`, value[field], type, required)
    if (flaw !== undefined) return flaw
  }
  return kind === 'answer' ? findCallFlaw(value) : undefined
}

function isKind(kind: unknown): kind is Behaviour['kind'] {
  return typeof kind === 'string' && Object.hasOwn(KINDS, kind)
}

function findFieldFlaw(
  path: string,
  value: unknown,
  type: FieldType,
  required: 'required' | undefined,
): string | undefined {
  if (value === undefined) return required === undefined ? undefined : `${path} is required.`
  if (!fits(value, type)) return `${path} must be a ${type}.`
  const choices = CHOICES[path]
  if (choices !== undefined && !choices.some((choice) => choice === value))
    return `${path} must be one of ${choices.join(', ')}.`
  if (path.endsWith('.status') && (Number(value) < 200 || Number(value) > 599))
    return `${path} must be from 200 to 599.`
  if (type === 'behaviour') return findFlaw(value)
  if (type === 'behaviours' && Array.isArray(value)) return value.map(findFlaw).find((flaw) => flaw !== undefined)
  return undefined
}

function fits(value: unknown, type: FieldType): boolean {
  switch (type) {
    case 'behaviour':
    case 'object':
      return isObject(value)
    case 'behaviours':
    case 'list':
      return Array.isArray(value)
    case 'text-or-object':
      return typeof value === 'string' || isObject(value)
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) && value >= 0
    default:
      return typeof value === type
  }
}

function findCallFlaw(answer: JsonObject): string | undefined {
  const calls: unknown = answer['toolCalls']
  if (!Array.isArray(calls)) return undefined
  const isCall = (call: unknown) =>
    isObject(call) && typeof call['name'] === 'string' && typeof call['argsJson'] === 'string'
  return calls.every(isCall) ? undefined : 'answer.toolCalls: each call needs a "name" and an "argsJson" text.'
}
