// What only one dialect understands: carried sealed, and written back only to that dialect.

/** The protocols of providers. */
export type DialectId = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini'

/** JSON text as that dialect wrote it. */
export interface Opaque {
  readonly dialect: DialectId
  readonly json: string
}
