// The Anthropic Messages dialect.
import type { Dialect } from '../dialect.ts'
import { readFailure, writeFailure } from './failure.ts'
import { peek } from './peek.ts'
import { createReader } from './read-answer.ts'
import { readRequest } from './read-request.ts'
import { createTap } from './tap.ts'
import { readWhole } from './whole.ts'
import { createWriter } from './write-answer.ts'
import { writeRequest } from './write-request.ts'

/** `POST /v1/messages`. */
export const anthropicMessages: Dialect = {
  dialect: 'anthropic-messages',
  peek,
  createTap,
  readWhole,
  readFailure,
  writeFailure,
  readRequest,
  writeRequest,
  createReader,
  createWriter,
}
