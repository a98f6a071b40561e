// Writes server-sent events; data is JSON text of ours and thus holds no line breaks.

/** `data: …` alone, as OpenAI frames its streams. */
export function dataEvent(json: string): string {
  return `data: ${json}\n\n`
}

/** `event:` and `data:`, as Anthropic and OpenAI Responses frame theirs. */
export function namedEvent(name: string, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`
}

/** A comment that keeps idle connections open and that every client skips. */
export const pingComment = ': ping\n\n'
