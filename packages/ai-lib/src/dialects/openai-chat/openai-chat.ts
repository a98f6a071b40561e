// The OpenAI chat completions dialect: everything it can do, put together.
import type { Dialect } from '../dialect.ts'
import { hasChatContent } from './content.ts'
import { readFailure, writeFailure } from './failure.ts'
import { peekStreaming } from './peek.ts'
import { createReader } from './read-answer.ts'
import { readRequest } from './read-request.ts'
import { createTap } from './tap.ts'
import { readWholeAnswer } from './whole.ts'
import { createWriter } from './write-answer.ts'
import { writeRequest } from './write-request.ts'

/** `POST /v1/chat/completions`, as OpenAI and everyone compatible with it speak it. */
export const openaiChat: Dialect = {
  dialect: 'openai-chat',
  peek: peekStreaming,
  createTap: () => createTap(hasChatContent),
  readWhole: (body) => readWholeAnswer(body, 'choices'),
  readFailure,
  writeFailure,
  readRequest,
  writeRequest,
  createReader,
  createWriter,
}
