// Reads how a request wants its answer: thinking, effort, output format.
import type { JsonObject } from '../../bytes/json-value.ts'
import type { OutputFormat, ReasoningRequest } from '../../chat/request.ts'
import type { Leftovers } from './leftovers.ts'
import { missing, optionalCount, optionalObject, optionalString, refuse, requiredObject } from './request-fields.ts'

const configFields: ReadonlySet<string> = new Set(['effort', 'format'])

export function readReasoning(body: JsonObject, leftovers: Leftovers): ReasoningRequest | undefined {
  const effort = optionalString(optionalObject(body, 'output_config', '') ?? {}, 'effort', 'output_config')
  const thinking = readThinkingConfig(body, leftovers)
  if (effort === undefined && thinking === undefined) return undefined
  return { ...thinking, ...(effort === undefined ? {} : { effort }) }
}

function readThinkingConfig(body: JsonObject, leftovers: Leftovers): ReasoningRequest | undefined {
  const thinking = optionalObject(body, 'thinking', '')
  if (thinking === undefined) return undefined
  leftovers.add('thinking.display', thinking['display'])
  switch (optionalString(thinking, 'type', 'thinking') ?? missing('thinking.type')) {
    case 'enabled':
      return {
        enabled: true,
        budgetTokens: optionalCount(thinking, 'budget_tokens', 'thinking') ?? missing('thinking.budget_tokens'),
      }
    case 'adaptive':
      return { enabled: true }
    case 'disabled':
      return { enabled: false }
    default:
      // A newer mode, which only this dialect can carry.
      leftovers.add('thinking', thinking)
      return undefined
  }
}

/** `output_config.format`, or `output_format` as its beta named it. */
export function readOutput(body: JsonObject, leftovers: Leftovers): OutputFormat | undefined {
  const config = optionalObject(body, 'output_config', '') ?? {}
  leftovers.addUnknown(config, configFields, 'output_config')
  const format = optionalObject(config, 'format', 'output_config')
  if (format !== undefined) return readFormat(format, 'output_config.format')
  const older = optionalObject(body, 'output_format', '')
  return older === undefined ? undefined : readFormat(older, 'output_format')
}

// OpenAI wants a name for each schema; this dialect has none.
function readFormat(format: JsonObject, path: string): OutputFormat {
  if (format['type'] !== 'json_schema') return refuse(`${path}.type`, '"json_schema"')
  return { type: 'json-schema', name: 'output', schema: requiredObject(format, 'schema', path) }
}
