// What each route is for, in the words that docs/reference/http.md and `/openapi.json` share.
import type { OperationId } from 'ai-lib/internal/dialects/dialect'
import type { Route } from './routes.ts'

export interface RouteDescription {
  /** `operationId` of OpenAPI. */
  readonly id: string
  readonly summary: string
  /** Whose form its bodies have. */
  readonly form: string
  readonly goesTo: string
  /** Whether a caller key is asked for where `auth.mode` is `keys`. */
  readonly access: 'caller' | 'open'
  /** Streams where the request asks for it. */
  readonly streams: boolean
  /** Where the vendor documents the bodies; absent for bodies of our own. */
  readonly vendorPage?: string
}

type OperationDescription = Omit<RouteDescription, 'access'> & { readonly vendorPage: string }

const openaiPages = 'https://platform.openai.com/docs/api-reference'
const anthropicPages = 'https://platform.claude.com/docs/en/api'

const ofOperations: Readonly<Record<OperationId, OperationDescription>> = {
  chat: {
    id: 'createChatCompletion',
    summary: 'Answers a chat, in the form of OpenAI’s chat completions.',
    form: 'OpenAI chat',
    goesTo: 'a provider of either chat dialect; translated for Anthropic’s',
    streams: true,
    vendorPage: `${openaiPages}/chat`,
  },
  completions: {
    id: 'createCompletion',
    summary: 'Completes a prompt, in the form of OpenAI’s legacy completions.',
    form: 'OpenAI legacy completions',
    goesTo: 'a provider that has them',
    streams: true,
    vendorPage: `${openaiPages}/completions`,
  },
  embeddings: {
    id: 'createEmbedding',
    summary: 'Makes vectors of texts.',
    form: 'OpenAI embeddings',
    goesTo: 'a provider that has them',
    streams: false,
    vendorPage: `${openaiPages}/embeddings`,
  },
  responses: {
    id: 'createResponse',
    summary: 'Answers in the form of OpenAI’s responses.',
    form: 'OpenAI responses',
    goesTo: 'a provider that speaks it; not translated',
    streams: true,
    vendorPage: `${openaiPages}/responses`,
  },
  messages: {
    id: 'createMessage',
    summary: 'Answers a chat, in the form of Anthropic’s messages.',
    form: 'Anthropic messages',
    goesTo: 'a provider of either chat dialect; translated for OpenAI’s',
    streams: true,
    vendorPage: `${anthropicPages}/messages`,
  },
  'count-tokens': {
    id: 'countMessageTokens',
    summary: 'Counts the tokens of a chat without answering it.',
    form: 'Anthropic messages',
    goesTo: 'a provider that has it',
    streams: false,
    vendorPage: `${anthropicPages}/messages/count_tokens`,
  },
}

const itself = { goesTo: 'the service itself', streams: false } as const

export function describeRoute(route: Route): RouteDescription {
  switch (route.kind) {
    case 'operation':
      return { ...ofOperations[route.operation], access: 'caller' }
    case 'models': {
      const form = 'OpenAI’s form; Anthropic’s where `anthropic-version` is sent'
      return route.id === undefined
        ? { id: 'listModels', summary: 'Lists the models that the caller may use.', form, ...itself, access: 'caller' }
        : { id: 'retrieveModel', summary: 'Tells of one of these models.', form, ...itself, access: 'caller' }
    }
    case 'live':
      return {
        id: 'checkLiveness',
        summary: 'Says that the process can answer.',
        form: '`{"status":"live"}`',
        ...itself,
        access: 'open',
      }
    case 'ready':
      return {
        id: 'checkReadiness',
        summary: 'Says whether the service should get traffic.',
        form: '`{"status":"ready"}`',
        ...itself,
        access: 'open',
      }
    case 'api-description':
      return {
        id: 'describeApi',
        summary: 'Describes these routes, as OpenAPI 3.1.',
        form: 'OpenAPI',
        ...itself,
        access: 'open',
      }
  }
}
