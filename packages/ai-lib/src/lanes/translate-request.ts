// A request from one dialect to another, whole: bytes in, bytes out. Pure, so that large ones can run in a worker.
import type { Loss } from '../chat/losses.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { DialectId, WriteTarget } from '../dialects/dialect.ts'
import { chatOperations } from '../dialects/registry.ts'
import { AiError } from '../errors/ai-error.ts'

export interface TranslationJob {
  readonly from: DialectId
  readonly to: DialectId
  readonly body: Uint8Array
  readonly target: WriteTarget
}

export interface TranslatedRequest {
  readonly body: Uint8Array
  readonly losses: readonly Loss[]
  /** Whether the client wants usage inside the stream. */
  readonly streamUsage: boolean
}

/** Bodies above this run off the event loop: parsing and writing 1 MB takes 4 to 5 ms. */
export const largeBodyBytes = 256 * 1024

/** @throws AiError where the request cannot be read. */
export function translateRequest({ from, to, body, target }: TranslationJob): TranslatedRequest {
  return writeTranslated(dialectOf(from).readRequest(body), to, target)
}

export function writeTranslated(request: ChatRequest, to: DialectId, target: WriteTarget): TranslatedRequest {
  const { body, losses } = dialectOf(to).writeRequest(request, target)
  return { body, losses, streamUsage: request.streamUsage }
}

function dialectOf(id: DialectId) {
  const chat = chatOperations[id]
  if (!chat) throw new AiError('service_internal', { message: `${id} has no canonical form.` })
  return chat.dialect
}
