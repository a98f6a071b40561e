// An error as fields of a log line: its code and the messages of its causes. Stacks only of what is a fault of ours.
import { AiError } from 'ai-lib/internal/errors/ai-error'

export interface ErrorFields {
  readonly code?: string
  readonly message: string
  /** Messages of the causes, the nearest first. */
  readonly causes?: readonly string[]
  readonly stack?: string
}

/** Causes that are followed: a chain may be made to be endless. */
const maxCauses = 8

export function errorFields(thrown: unknown): ErrorFields {
  const chain = chainOf(thrown)
  const [first, ...causes] = chain
  const code = codeOf(first)
  // An AiError other than `service_internal` is an answer we meant to give: where it was made tells nothing.
  const isFault = !(first instanceof AiError) || first.code === 'service_internal'
  const stack = isFault ? chain.findLast((link) => link instanceof Error)?.stack : undefined
  return {
    ...(code === undefined ? {} : { code }),
    message: messageOf(first),
    ...(causes.length === 0 ? {} : { causes: causes.map(withCode) }),
    ...(stack === undefined ? {} : { stack }),
  }
}

function chainOf(thrown: unknown): readonly unknown[] {
  const chain: unknown[] = [thrown]
  for (
    let link = thrown;
    link instanceof Error && link.cause !== undefined && chain.length <= maxCauses;
    link = link.cause
  )
    chain.push(link.cause)
  return chain
}

function withCode(link: unknown): string {
  const code = codeOf(link)
  return code === undefined ? messageOf(link) : `${code}: ${messageOf(link)}`
}

function codeOf(link: unknown): string | undefined {
  if (!(link instanceof Error) || !('code' in link)) return undefined
  return typeof link.code === 'string' ? link.code : undefined
}

function messageOf(link: unknown): string {
  if (link instanceof AggregateError && link.message === '') return link.errors.map(messageOf).join('; ')
  if (link instanceof Error) return link.message === '' ? link.name : link.message
  if (typeof link === 'string') return link
  // What was thrown is no error: its kind is told, not its content, which nobody has vetted.
  return `a thrown ${link === null ? 'null' : typeof link}`
}
