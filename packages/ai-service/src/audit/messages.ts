// What the service and the audit thread say to each other.

/** Where records go; plain data, because it crosses to the thread. */
export interface AuditPlace {
  readonly database:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'postgres'; readonly url: string }
    /** Records are printed and kept nowhere. */
    | { readonly kind: 'none' }
  /** Files beside the database begin with this path. */
  readonly base: string
  /** PEM; absent: a key beside the database, made there at the first start. */
  readonly signingKey?: string
  readonly spoolBytes: number
  /** Whether sealed records are wanted back, to be printed. */
  readonly prints: boolean
  /** The record that this start itself makes, encoded. */
  readonly opening: string
}

export type ToThread =
  /** Encoded drafts. */
  | { readonly kind: 'record'; readonly text: string; readonly count: number }
  /** As `record`, after a thread died: some of them may be stored already. */
  | { readonly kind: 'record-again'; readonly text: string; readonly count: number }
  | { readonly kind: 'close' }

export type FromThread =
  | {
      readonly kind: 'ready'
      readonly writer: string
      readonly interrupted: number
      readonly warnings: readonly string[]
    }
  /** Cannot be used as it is: the service does not start. */
  | { readonly kind: 'unusable'; readonly message: string }
  /** `count` more drafts are on disk, in the order they came. */
  | { readonly kind: 'kept'; readonly where: 'recorded' | 'spooled'; readonly count: number }
  /** Sealed records as lines, for `count` drafts. */
  | { readonly kind: 'sealed'; readonly text: string; readonly count: number }
  | { readonly kind: 'head'; readonly head: string }
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'replayed' }
  | { readonly kind: 'closed' }

/** What an operator should hear of an opening. */
export function warningsOf(ready: Extract<FromThread, { kind: 'ready' }>): readonly string[] {
  const { interrupted, warnings } = ready
  if (interrupted === 0) return warnings
  const requests = interrupted === 1 ? '1 request was' : `${interrupted} requests were`
  return [...warnings, `${requests} under way when the service last ended: recorded as interrupted.`]
}
