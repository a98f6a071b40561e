// Names what the real messages API would refuse in a request.
import { type BadRequest, badRequest } from '../conversation.ts'
import type { RequestHeaders } from '../dialect.ts'
import { type JsonObject, numberAt, objectAt, objectsAt, stringAt } from '../json.ts'
import { blocksOf } from './blocks.ts'
import { isForged } from './signature.ts'

const ROLES = ['user', 'assistant', 'system']

/** `answers` is false for counting, which needs no `max_tokens`. */
export function findFlaw(body: JsonObject, headers: RequestHeaders, answers: boolean): BadRequest | undefined {
  if (headers['anthropic-version'] === undefined) return badRequest('anthropic-version: header is required')
  if (typeof body['model'] !== 'string' || body['model'] === '') return badRequest('model: Field required')
  if (answers && body['max_tokens'] === undefined) return badRequest('max_tokens: Field required')
  const list: unknown = body['messages']
  if (list === undefined) return badRequest('messages: Field required')
  if (!Array.isArray(list)) return badRequest('messages: Input should be a valid list')
  if (list.length === 0) return badRequest('messages: at least one message is required')
  return findNumberFlaw(body) ?? findMessageFlaw(list.length, objectsAt(body, 'messages')) ?? findToolFlaw(body)
}

function findNumberFlaw(body: JsonObject): BadRequest | undefined {
  const most = body['max_tokens']
  if (most !== undefined && !(typeof most === 'number' && Number.isInteger(most)))
    return badRequest('max_tokens: Input should be a valid integer')
  if (typeof most === 'number' && most < 1) return badRequest('max_tokens: Input should be greater than or equal to 1')
  const temperature = body['temperature']
  if (typeof temperature === 'number' && (temperature < 0 || temperature > 1))
    return badRequest('temperature: range: 0..1')
  const budget = numberAt(objectAt(body, 'thinking') ?? {}, 'budget_tokens')
  if (budget !== undefined && budget < 1024)
    return badRequest('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024')
  if (budget !== undefined && typeof most === 'number' && most <= budget)
    return badRequest('`max_tokens` must be greater than `thinking.budget_tokens`.')
  return undefined
}

function findMessageFlaw(listed: number, messages: readonly JsonObject[]): BadRequest | undefined {
  if (messages.length < listed) return badRequest('messages: Input should be a valid dictionary')
  let openCalls: readonly string[] = []
  for (const [index, message] of messages.entries()) {
    const role = stringAt(message, 'role')
    if (role === undefined || !ROLES.includes(role))
      return badRequest(`messages.${index}.role: Input should be 'user' or 'assistant'`)
    if (typeof message['content'] !== 'string' && !Array.isArray(message['content']))
      return badRequest(`messages.${index}.content: Input should be a valid string or list`)
    const blocks = blocksOf(message)
    const flaw = findResultFlaw(index, blocks, openCalls) ?? findThinkingFlaw(index, blocks)
    if (flaw !== undefined) return flaw
    openCalls = blocks.flatMap((block) => (block['type'] === 'tool_use' ? (stringAt(block, 'id') ?? '') : []))
  }
  return undefined
}

function findResultFlaw(
  index: number,
  blocks: readonly JsonObject[],
  openCalls: readonly string[],
): BadRequest | undefined {
  const results = blocks.flatMap((block) =>
    block['type'] === 'tool_result' ? [stringAt(block, 'tool_use_id') ?? ''] : [],
  )
  const missing = openCalls.filter((id) => !results.includes(id))
  if (missing.length > 0)
    return badRequest(
      `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}.`,
    )
  const unknown = results.filter((id) => !openCalls.includes(id))
  if (unknown.length > 0)
    return badRequest(
      `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unknown.join(', ')}.`,
    )
  return undefined
}

function findThinkingFlaw(index: number, blocks: readonly JsonObject[]): BadRequest | undefined {
  const at = blocks.findIndex(
    (block) =>
      block['type'] === 'thinking' && isForged(stringAt(block, 'thinking') ?? '', stringAt(block, 'signature') ?? ''),
  )
  return at < 0 ? undefined : badRequest(`messages.${index}.content.${at}: Invalid \`signature\` in \`thinking\` block`)
}

function findToolFlaw(body: JsonObject): BadRequest | undefined {
  const tools = objectsAt(body, 'tools')
  // Server tools carry a type and no schema of the client's.
  const at = tools.findIndex(
    (tool) => (tool['type'] ?? 'custom') === 'custom' && objectAt(tool, 'input_schema') === undefined,
  )
  return at < 0 ? undefined : badRequest(`tools.${at}.custom.input_schema: Field required`)
}
