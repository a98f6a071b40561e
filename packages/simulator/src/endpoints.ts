// Which endpoint answers which route.
import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts'
import { countTokens } from './anthropic-messages/count-tokens.ts'
import { chatEndpoint, type Endpoint } from './endpoint.ts'
import { openaiChat } from './openai-chat/openai-chat.ts'
import { completions } from './openai-completions/completions.ts'
import { embeddings } from './openai-embeddings/embeddings.ts'
import { responses } from './openai-responses/responses.ts'
import type { EndpointName } from './routes.ts'

export const endpoints: { readonly [name in EndpointName]: Endpoint } = {
  chat: chatEndpoint(openaiChat),
  completions,
  embeddings,
  messages: chatEndpoint(anthropicMessages),
  'count-tokens': countTokens,
  responses,
}
