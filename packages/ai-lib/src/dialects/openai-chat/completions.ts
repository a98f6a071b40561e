// The legacy completions operation: passed through, never translated.
import type { Wire } from '../dialect.ts'
import { hasCompletionContent } from './content.ts'
import { readFailure, writeFailure } from './failure.ts'
import { peekStreaming } from './peek.ts'
import { createTap } from './tap.ts'
import { readWholeAnswer } from './whole.ts'

/** `POST /v1/completions`. */
export const openaiCompletions: Wire = {
  dialect: 'openai-chat',
  peek: peekStreaming,
  createTap: () => createTap(hasCompletionContent),
  readWhole: (body) => readWholeAnswer(body, 'choices'),
  readFailure,
  writeFailure,
}
