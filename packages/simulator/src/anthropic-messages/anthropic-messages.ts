// The anthropic-messages dialect, put together.
import type { ChatDialect } from '../dialect.ts'
import { anthropicErrorForm } from './error-form.ts'
import { readRequest } from './read-request.ts'
import { writeEvents, writeWhole } from './write-answer.ts'

export const anthropicMessages: ChatDialect = { ...anthropicErrorForm, readRequest, writeWhole, writeEvents }
