// The token counter: the same requests and errors as messages, and a number as its answer.
import type { Wire } from '../dialect.ts'
import { readFailure, writeFailure } from './failure.ts'
import { peek } from './peek.ts'
import { createTap } from './tap.ts'
import { readWholeCount } from './whole.ts'

/** `POST /v1/messages/count_tokens`. */
export const anthropicCountTokens: Wire = {
  dialect: 'anthropic-messages',
  peek,
  createTap,
  readWhole: readWholeCount,
  readFailure,
  writeFailure,
}
