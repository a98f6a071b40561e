// Tools and tool choice of a request, also in their legacy form of functions.
import { isObject, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { Tool, ToolChoice } from '../../chat/request.ts'
import { readCacheMark } from './cache-mark.ts'
import {
  below,
  objectsIn,
  optionalBoolean,
  optionalObject,
  optionalString,
  refuse,
  requiredObject,
  requiredString,
} from './request-field.ts'

/** OpenAI: leaving parameters out defines a function without any. */
const noParameters: JsonObject = { type: 'object', properties: {} }

export function readTools(request: JsonObject): readonly Tool[] {
  const tools = objectsIn(request, 'tools', '').map(({ value, path }) => readTool(value, path))
  const functions = objectsIn(request, 'functions', '').map(({ value, path }) => readFunction(value, path))
  return [...tools, ...functions]
}

function readTool(tool: JsonObject, path: string): Tool {
  const type = requiredString(tool, 'type', path)
  if (type !== 'function') return { type: 'opaque', name: nameOf(tool, type), opaque: sealed(tool) }
  const body = requiredObject(tool, 'function', path)
  const at = below(path, 'function')
  const outer = readCacheMark(tool, path)
  return { ...readFunction(body, at), ...(outer.cache === undefined ? readCacheMark(body, at) : outer) }
}

function sealed(value: JsonObject) {
  return { dialect: 'openai-chat', json: JSON.stringify(value) } as const
}

function nameOf(tool: JsonObject, type: string): string {
  const body = tool[type]
  const name = isObject(body) ? body['name'] : tool['name']
  return typeof name === 'string' ? name : type
}

function readFunction(body: JsonObject, path: string): Extract<Tool, { type: 'function' }> {
  const description = optionalString(body, 'description', path)
  const strict = optionalBoolean(body, 'strict', path)
  return {
    type: 'function',
    name: requiredString(body, 'name', path),
    ...(description === undefined ? {} : { description }),
    schema: optionalObject(body, 'parameters', path) ?? noParameters,
    ...(strict === undefined ? {} : { strict }),
  }
}

/** The choice, and what of it only this dialect knows. */
export interface ReadChoice {
  readonly toolChoice?: ToolChoice
  readonly rest?: JsonValue
}

export function readToolChoice(request: JsonObject): ReadChoice {
  const choice = request['tool_choice'] ?? request['function_call']
  const path = request['tool_choice'] === undefined || request['tool_choice'] === null ? 'function_call' : 'tool_choice'
  if (choice === undefined || choice === null) return {}
  if (typeof choice === 'string') return { toolChoice: readChoiceWord(choice, path) }
  if (!isObject(choice)) return refuse(path, 'a string or an object')
  if (path === 'function_call') return { toolChoice: { type: 'tool', name: requiredString(choice, 'name', path) } }
  const type = requiredString(choice, 'type', path)
  if (type !== 'function') return { rest: choice }
  const name = requiredString(requiredObject(choice, 'function', path), 'name', below(path, 'function'))
  return { toolChoice: { type: 'tool', name } }
}

function readChoiceWord(word: string, path: string): ToolChoice {
  if (word === 'auto' || word === 'none' || word === 'required') return { type: word }
  // Mistral's word for required.
  if (word === 'any') return { type: 'required' }
  return refuse(path, '"auto", "none", "required" or an object that names a tool')
}
