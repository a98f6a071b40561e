// Asks the service the way clients do, in both dialects, and reads what the process itself says about its memory.
import { readFileSync } from 'node:fs'
import type { RunningService } from '../kit/service.ts'

export interface Told {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The error of either dialect; empty where the answer is none. */
  readonly error: {
    readonly message?: string
    readonly code?: string
    readonly type?: string
    readonly param?: unknown
  }
}

export type DialectName = 'openai' | 'anthropic'

export const paths: Readonly<Record<DialectName, string>> = {
  openai: '/v1/chat/completions',
  anthropic: '/v1/messages',
}

/** A body that both dialects take. */
export function chatBody(model: string, text = 'Hello there', more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ model, max_tokens: 1_000, messages: [{ role: 'user', content: text }], ...more })
}

export async function post(
  url: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    redirect: 'manual',
  })
  return told(response)
}

export async function told(response: Response): Promise<Told> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, error: errorIn(text) }
}

export function errorIn(text: string): Told['error'] {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) && isRecord(value['error']) ? value['error'] : {}
  } catch {
    return {} // No JSON: then there is no error of a dialect in it either.
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `data:` payloads of a stream. */
export function eventsIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
}

/** Whether a stream of either dialect says that it is whole. */
export function looksComplete(text: string): boolean {
  return text.includes('data: [DONE]') || text.includes('"type":"message_stop"')
}

/** Resident bytes of the service. */
export function residentBytes({ pid }: RunningService): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1_024
}

/** Log lines, parsed. @throws where a line is no JSON. */
export function logLines(service: RunningService): readonly Record<string, unknown>[] {
  return service
    .output()
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => {
      const value: unknown = JSON.parse(line)
      if (!isRecord(value)) throw new Error(`A log line is no object: ${line}`)
      return value
    })
}

export async function metricsOf(service: RunningService): Promise<string> {
  return (await fetch(`${service.metricsUrl}/metrics`)).text()
}

/** Waits until something holds. @throws after `ms`. */
export async function eventually(isMet: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> {
  const untilMs = Date.now() + ms
  while (!(await isMet())) {
    if (Date.now() > untilMs) throw new Error(`Never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
