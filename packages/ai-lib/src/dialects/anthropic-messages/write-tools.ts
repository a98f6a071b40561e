// Writes tools and tool choice of a request.
import type { JsonObject } from '../../bytes/json-value.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { ChatRequest, Tool, ToolChoice } from '../../chat/request.ts'
import type { Quirks } from '../dialect.ts'
import { arrayText, cacheText, objectText, textOf } from './json-text.ts'
import { unsealed } from './seal.ts'

export function writeTools(tools: readonly Tool[], ledger: Ledger): string | undefined {
  const texts = tools.flatMap((tool, index) => writeTool(tool, `tools.${index}`, ledger) ?? [])
  return texts.length === 0 ? undefined : arrayText(texts)
}

function writeTool(tool: Tool, path: string, ledger: Ledger): string | undefined {
  if (tool.type === 'opaque') {
    if (unsealed(tool.opaque) !== undefined) return tool.opaque.json
    ledger.dropped(path, `The tool "${tool.name}" is run by another provider.`)
    return undefined
  }
  return objectText({
    name: JSON.stringify(tool.name),
    description: textOf(tool.description),
    input_schema: JSON.stringify(objectSchema(tool.schema)),
    strict: textOf(tool.strict),
    cache_control: cacheText(tool.cache),
  })
}

// OpenAI allows a function without parameters; here a schema must say that it is one of objects.
function objectSchema(schema: JsonObject): JsonObject {
  return 'type' in schema ? schema : { type: 'object', ...schema }
}

/** The choice; it is refused where there are no tools, and then it says nothing but `required` or a name. */
export function writeToolChoice(
  request: ChatRequest,
  hasTools: boolean,
  quirks: Quirks,
  ledger: Ledger,
): string | undefined {
  const choice = request.toolChoice
  const asksForOne = hasTools && request.parallelToolCalls === false
  const isSingle = asksForOne && quirks.parallelToolCalls !== false
  if (asksForOne && !isSingle) ledger.dropped('parallel_tool_calls', 'This provider may always call several tools.')
  if (!hasTools) {
    if (choice?.type === 'required' || choice?.type === 'tool')
      ledger.dropped('tool_choice', 'There is no tool to choose.')
    return undefined
  }
  if (choice === undefined && !isSingle) return undefined
  const written = choiceOf(choice ?? { type: 'auto' })
  const single = isSingle && choice?.type !== 'none' ? { disable_parallel_tool_use: true } : {}
  return JSON.stringify({ ...written, ...single })
}

function choiceOf(choice: ToolChoice): JsonObject {
  switch (choice.type) {
    case 'auto':
      return { type: 'auto' }
    case 'none':
      return { type: 'none' }
    case 'required':
      return { type: 'any' }
    case 'tool':
      return { type: 'tool', name: choice.name }
  }
}
