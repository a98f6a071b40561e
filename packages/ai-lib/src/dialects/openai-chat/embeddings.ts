// The embeddings operation: passed through, never translated, never streamed.
import type { Wire } from '../dialect.ts'
import { readFailure, writeFailure } from './failure.ts'
import { peekUnary } from './peek.ts'
import { createTap } from './tap.ts'
import { readWholeAnswer } from './whole.ts'

/** `POST /v1/embeddings`. */
export const openaiEmbeddings: Wire = {
  dialect: 'openai-chat',
  peek: peekUnary,
  createTap: () => createTap(() => false),
  readWhole: (body) => readWholeAnswer(body, 'data'),
  readFailure,
  writeFailure,
}
