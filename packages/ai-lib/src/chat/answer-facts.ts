// What an answer says of itself, as far as it is read anyway: nothing is parsed for it.

export interface AnswerFacts {
  readonly id: string | undefined
  /** As the provider names the model that answered. */
  readonly model: string | undefined
  /** Why each of its choices ended, in the provider's words. */
  readonly stops: readonly string[]
}
