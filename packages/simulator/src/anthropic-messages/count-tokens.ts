// Counts a messages request without answering it.
import { type Endpoint, refuse, whole } from '../endpoint.ts'
import { anthropicErrorForm } from './error-form.ts'
import { findFlaw } from './find-flaw.ts'
import { readConversation } from './read-request.ts'

export const countTokens: Endpoint = {
  errors: anthropicErrorForm,
  lastUserText: ({ body }) => readConversation(body).lastUserText,
  reply: ({ body, headers, mint }, script) => {
    const flaw = findFlaw(body, headers, false)
    if (flaw !== undefined) return refuse(anthropicErrorForm, flaw, mint)
    const { words } = readConversation(body)
    const counted = words.fresh + words.cacheRead + words.cacheWrite + words.cacheWriteHour
    return whole({ input_tokens: script.usage?.inputTokens ?? counted })
  },
}
