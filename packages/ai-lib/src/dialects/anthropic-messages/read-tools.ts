// Reads tools and tool choice of a request.
import type { JsonObject, JsonValue } from '../../bytes/json-value.ts'
import type { Tool, ToolChoice } from '../../chat/request.ts'
import type { Leftovers } from './leftovers.ts'
import { readCache } from './read-blocks.ts'
import {
  elementObject,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  pathOf,
  refuse,
  requiredObject,
  requiredString,
} from './request-fields.ts'
import { sealed } from './seal.ts'

const toolFields: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'strict',
  'cache_control',
])

export function readTools(body: JsonObject, leftovers: Leftovers): readonly Tool[] {
  return (optionalArray(body, 'tools', '') ?? []).map((value, index) =>
    readTool(value, pathOf('tools', index), leftovers),
  )
}

function readTool(value: JsonValue, path: string, leftovers: Leftovers): Tool {
  const tool = elementObject(value, path)
  const type = optionalString(tool, 'type', path) ?? 'custom'
  if (type !== 'custom')
    return { type: 'opaque', name: optionalString(tool, 'name', path) ?? type, opaque: sealed(tool) }
  leftovers.addUnknown(tool, toolFields, path)
  const description = optionalString(tool, 'description', path)
  const strict = optionalBoolean(tool, 'strict', path)
  const cache = readCache(tool, path)
  return {
    type: 'function',
    name: requiredString(tool, 'name', path),
    schema: requiredObject(tool, 'input_schema', path),
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict }),
    ...(cache === undefined ? {} : { cache }),
  }
}

export interface ReadToolChoice {
  readonly toolChoice?: ToolChoice
  readonly parallelToolCalls?: boolean
}

export function readToolChoice(body: JsonObject): ReadToolChoice {
  const choice = optionalObject(body, 'tool_choice', '')
  if (choice === undefined) return {}
  const isSingle = optionalBoolean(choice, 'disable_parallel_tool_use', 'tool_choice') ?? false
  return { toolChoice: choiceOf(choice), ...(isSingle ? { parallelToolCalls: false } : {}) }
}

function choiceOf(choice: JsonObject): ToolChoice {
  switch (requiredString(choice, 'type', 'tool_choice')) {
    case 'auto':
      return { type: 'auto' }
    case 'any':
      return { type: 'required' }
    case 'none':
      return { type: 'none' }
    case 'tool':
      return { type: 'tool', name: requiredString(choice, 'name', 'tool_choice') }
    default:
      return refuse('tool_choice.type', 'auto, any, tool or none')
  }
}
