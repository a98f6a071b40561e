// All operations and chat dialects, by id: the one list that a new dialect is added to.
import { anthropicCountTokens } from './anthropic-messages/count-tokens.ts'
import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts'
import type { Dialect, DialectId, OperationId, Wire } from './dialect.ts'
import { openaiChat } from './openai-chat/openai-chat.ts'
import { openaiCompletions } from './openai-chat/completions.ts'
import { openaiEmbeddings } from './openai-chat/embeddings.ts'
import { openaiResponses } from './openai-responses/responses.ts'

/** One route of a provider's API. */
export interface Operation {
  readonly id: OperationId
  /** Behind the base URL as the vendor documents it for its own SDK. */
  readonly path: string
  readonly wire: Wire
}

export const operations: Readonly<Record<OperationId, Operation>> = {
  chat: { id: 'chat', path: '/chat/completions', wire: openaiChat },
  completions: { id: 'completions', path: '/completions', wire: openaiCompletions },
  embeddings: { id: 'embeddings', path: '/embeddings', wire: openaiEmbeddings },
  responses: { id: 'responses', path: '/responses', wire: openaiResponses },
  messages: { id: 'messages', path: '/v1/messages', wire: anthropicMessages },
  'count-tokens': { id: 'count-tokens', path: '/v1/messages/count_tokens', wire: anthropicCountTokens },
}

/** The operation that carries a chat in a dialect, with the dialect itself; absent where it cannot be translated yet. */
export interface ChatOperation {
  readonly operation: Operation
  readonly dialect: Dialect
}

export const chatOperations: Readonly<Partial<Record<DialectId, ChatOperation>>> = {
  'openai-chat': { operation: operations.chat, dialect: openaiChat },
  'anthropic-messages': { operation: operations.messages, dialect: anthropicMessages },
}
