// The OpenAI chat completions dialect.
import type { Wire } from '../dialect.ts'
import { hasChatContent } from './content.ts'
import { readFailure, writeFailure } from './failure.ts'
import { peekStreaming } from './peek.ts'
import { createTap } from './tap.ts'
import { readWholeAnswer } from './whole.ts'

/** `POST /v1/chat/completions`, as OpenAI and everyone compatible with it speak it. */
export const openaiChat: Wire = {
  dialect: 'openai-chat',
  peek: peekStreaming,
  createTap: () => createTap(hasChatContent),
  readWhole: (body) => readWholeAnswer(body, 'choices'),
  readFailure,
  writeFailure,
}
