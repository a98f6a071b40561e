// The Anthropic Messages dialect.
import { AiError } from '../../errors/ai-error.ts'
import type { Dialect } from '../dialect.ts'
import { readFailure, writeFailure } from './failure.ts'
import { peek } from './peek.ts'
import { createTap } from './tap.ts'
import { readWhole } from './whole.ts'

/** `POST /v1/messages`. */
export const anthropicMessages: Dialect = {
  dialect: 'anthropic-messages',
  peek,
  createTap,
  readWhole,
  readFailure,
  writeFailure,
  readRequest() {
    throw new AiError('service_not_available')
  },
  writeRequest() {
    throw new AiError('service_not_available')
  },
  createReader() {
    throw new AiError('service_not_available')
  },
  createWriter() {
    throw new AiError('service_not_available')
  },
}
