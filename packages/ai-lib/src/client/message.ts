// Messages as applications write them: short to build, one form for all providers.
import { type CacheMark, type Part, toolCallId } from '../chat/parts.ts'
import type { ChatMessage } from '../chat/request.ts'

/**
 * Who speaks in a message.
 *
 * @example
 * ```ts
 * import { Message, Role } from 'ai-lib'
 * console.log(Message.user('ping').role === Role.User) // true
 * ```
 */
export const Role = { System: 'system', User: 'user', Assistant: 'assistant' } as const
/** Who speaks in a message. */
export type Role = (typeof Role)[keyof typeof Role]

/**
 * Builders for the parts of a message.
 *
 * @example
 * ```ts
 * import { Content, Message } from 'ai-lib'
 * const message = Message.user([Content.text('What is this?'), Content.imageUrl('https://example.com/cat.png')])
 * console.log(message.parts.length) // 2
 * ```
 */
export const Content = {
  text(text: string, cache?: CacheMark): Part {
    return cache ? { type: 'text', text, cache } : { type: 'text', text }
  },
  /** @param data base64 without a prefix, or the bytes themselves. */
  image(data: string | Uint8Array, mediaType = 'image/png'): Part {
    return { type: 'media', mediaType, source: { kind: 'base64', data: base64(data) } }
  },
  imageUrl(url: string): Part {
    return { type: 'media', mediaType: 'image/*', source: { kind: 'url', url } }
  },
  /** A document such as a PDF. */
  document(data: string | Uint8Array, name: string, mediaType = 'application/pdf'): Part {
    return { type: 'media', mediaType, name, source: { kind: 'base64', data: base64(data) } }
  },
  toolCall(callId: string, name: string, argsJson: string): Part {
    return { type: 'tool-call', callId: toolCallId(callId), name, argsJson }
  },
  toolResult(callId: string, content: string | readonly Part[], isError = false): Part {
    return { type: 'tool-result', callId: toolCallId(callId), parts: partsOf(content), isError }
  },
} as const

/**
 * Builders for messages. Text may stand for a list of parts.
 *
 * @example
 * ```ts
 * import { Message } from 'ai-lib'
 * const messages = [Message.system('Be brief.'), Message.user('ping')]
 * console.log(messages.map(({ role }) => role)) // ['system', 'user']
 * ```
 */
export const Message = {
  system(content: string | readonly Part[]): ChatMessage {
    return { role: 'system', parts: partsOf(content) }
  },
  user(content: string | readonly Part[]): ChatMessage {
    return { role: 'user', parts: partsOf(content) }
  },
  assistant(content: string | readonly Part[]): ChatMessage {
    return { role: 'assistant', parts: partsOf(content) }
  },
  /** The result of one tool call, for the model. */
  tool(callId: string, content: string | readonly Part[], isError = false): ChatMessage {
    return { role: 'user', parts: [Content.toolResult(callId, content, isError)] }
  },
} as const

function partsOf(content: string | readonly Part[]): readonly Part[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function base64(data: string | Uint8Array): string {
  return typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}
