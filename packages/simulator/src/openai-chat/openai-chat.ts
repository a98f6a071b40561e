// The openai-chat dialect, put together.
import type { ChatDialect } from '../dialect.ts'
import { openaiErrorForm } from './error-form.ts'
import { readRequest } from './read-request.ts'
import { writeEvents, writeWhole } from './write-answer.ts'

export const openaiChat: ChatDialect = { ...openaiErrorForm, readRequest, writeWhole, writeEvents }
