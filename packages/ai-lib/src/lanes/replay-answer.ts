// Gives an answer that is at hand whole as a stream, and one that was streamed as a whole, in the dialect it was given in.
import type { ChatEvent } from '../chat/events.ts'
import type { Usage } from '../chat/usage.ts'
import type { Dialect, WriterOptions } from '../dialects/dialect.ts'
import { chatOperations, type Operation } from '../dialects/registry.ts'
import { type AnswerForm, eachEvent } from './complete-answer.ts'
import { completionsAsStream, completionsAsWhole } from './replay-completions.ts'
import { responsesAsStream, responsesAsWhole } from './replay-responses.ts'

/** An answer as some client got it. */
export interface KeptAnswer {
  readonly form: AnswerForm
  readonly bytes: Uint8Array
  /** Whether a stream tells its usage: OpenAI clients must ask for it. */
  readonly tellsUsage: boolean
  /** What the provider reported, told in the answer or not. */
  readonly usage: Usage | undefined
}

/** The form that another client wants. */
export interface WantedForm {
  readonly form: AnswerForm
  readonly tellsUsage: boolean
  /** Seconds since the epoch, where the answer has no date of its own. */
  readonly createdSeconds: number
}

/**
 * The answer in the wanted form: the very bytes where it is the form that was kept.
 * @returns undefined where the other form could not hold all of the answer (several choices, log probabilities).
 */
export function replayAnswer(operation: Operation, kept: KeptAnswer, wanted: WantedForm): Uint8Array | undefined {
  const isSame = kept.form === wanted.form && (kept.form === 'whole' || kept.tellsUsage === wanted.tellsUsage)
  if (isSame) return kept.bytes
  switch (operation.id) {
    case 'chat':
    case 'messages':
      return throughEvents(operation, kept, wanted)
    case 'completions':
      return wanted.form === 'whole' ? completionsAsWhole(kept) : completionsAsStream(kept, wanted.tellsUsage)
    case 'responses':
      return wanted.form === 'whole' ? responsesAsWhole(kept.bytes) : responsesAsStream(kept.bytes)
    case 'embeddings':
    case 'count-tokens':
      return undefined // One form is all they have.
  }
}

function throughEvents(operation: Operation, kept: KeptAnswer, wanted: WantedForm): Uint8Array | undefined {
  const dialect = chatOperations[operation.wire.dialect]?.dialect
  if (dialect === undefined) return undefined
  const read = eventsOf(dialect, kept)
  if (read === undefined) return undefined
  const options: WriterOptions = { streamUsage: wanted.tellsUsage, createdSeconds: wanted.createdSeconds }
  const writer = dialect.createWriter(options)
  const bytes = wanted.form === 'whole' ? writer.writeWhole(read) : writer.writeEvents(read)
  return writer.losses.length === 0 ? bytes : undefined
}

function eventsOf(dialect: Dialect, { form, bytes, usage }: KeptAnswer): readonly ChatEvent[] | undefined {
  const reader = dialect.createReader()
  const events: ChatEvent[] = []
  if (form === 'whole') events.push(...reader.readWhole(bytes))
  else eachEvent(bytes, (event) => void events.push(...reader.readEvent(event)))
  const isWhole = events.at(-1)?.type === 'message-end' && events.every(({ type }) => type !== 'failure')
  if (!isWhole || reader.losses.length > 0) return undefined
  const isTold = usage === undefined || events.some(({ type }) => type === 'usage')
  // Usage comes before the end.
  return isTold ? events : events.toSpliced(-1, 0, { type: 'usage', usage })
}
