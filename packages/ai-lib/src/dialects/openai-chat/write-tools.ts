// Tools and tool choice as OpenAI takes them; a choice without tools is refused there, so it goes with them.
import { isObject, tryParseJson, type JsonObject } from '../../bytes/json-value.ts'
import type { ChatRequest, Tool } from '../../chat/request.ts'
import type { Quirks } from '../dialect.ts'
import { inkMark, type RequestInk } from './write-content.ts'

/** `tools`, `tool_choice` and `parallel_tool_calls`; `restChoice` is a choice that OpenAI clients alone can make. */
export function writeTools(request: ChatRequest, hasRestChoice: boolean, quirks: Quirks, ink: RequestInk): JsonObject {
  const names = new Set<string>()
  const tools = request.tools.flatMap((tool, index) => {
    const written = writeTool(tool, `tools.${index}`, ink)
    if (written === undefined) return []
    names.add(tool.name)
    return [written]
  })
  const choice = hasRestChoice ? {} : writeChoice(request, names, ink)
  if (tools.length === 0) return choice
  return { tools, ...choice, ...writeParallel(request, quirks, ink) }
}

function writeTool(tool: Tool, path: string, ink: RequestInk): JsonObject | undefined {
  if (tool.type === 'opaque') {
    const value = tool.opaque.dialect === 'openai-chat' ? tryParseJson(tool.opaque.json) : undefined
    if (isObject(value)) return value
    ink.ledger.dropped(path, `Only ${tool.opaque.dialect} runs the tool ${tool.name}.`)
    return undefined
  }
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      parameters: tool.schema,
      ...(tool.strict === undefined ? {} : { strict: tool.strict }),
    },
    ...inkMark(tool.cache, path, ink),
  }
}

function writeChoice(request: ChatRequest, names: ReadonlySet<string>, ink: RequestInk): JsonObject {
  const choice = request.toolChoice
  if (choice === undefined) return {}
  if (choice.type === 'tool') {
    if (names.has(choice.name)) return { tool_choice: { type: 'function', function: { name: choice.name } } }
    ink.ledger.dropped('tool_choice', `The tool ${choice.name} is not among those the target gets.`)
    return {}
  }
  if (names.size > 0) return { tool_choice: choice.type }
  if (choice.type === 'required') ink.ledger.dropped('tool_choice', 'The target gets no tools to choose from.')
  return {}
}

function writeParallel(request: ChatRequest, quirks: Quirks, ink: RequestInk): JsonObject {
  if (request.parallelToolCalls === undefined) return {}
  if (quirks.parallelToolCalls !== false) return { parallel_tool_calls: request.parallelToolCalls }
  if (!request.parallelToolCalls)
    ink.ledger.dropped('parallel_tool_calls', 'The target cannot be held to one tool call at a time.')
  return {}
}
