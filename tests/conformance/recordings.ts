// Recorded answers of providers, framed as they came over the wire and split into single answers.
import { readdirSync, readFileSync } from 'node:fs'

/** A recorded answer: the bytes of one HTTP body. */
export interface Recording {
  /** `groq/groq-text.chunks.txt`, with `#1` and so on where a file holds several answers. */
  readonly name: string
  /** The folder it lies in: who gave it. */
  readonly source: string
  readonly stream: boolean
  readonly bytes: Buffer
}

const dialects = new URL('../../packages/ai-lib/src/dialects/', import.meta.url)

const openai = filesOf('openai-chat')
const anthropic = filesOf('anthropic-messages')
const responses = filesOf('openai-responses')

/** Chat completions of OpenAI and everybody compatible with it. */
export const openaiChat: readonly Recording[] = openai
  .filter(({ name }) => !/^openai-(completion|embedding)\/|error/.test(name))
  .map((file) => recording(file, file.name.endsWith('.txt') ? dataFrames(file.text, true) : file.text))

/** Legacy completions and embeddings, which only pass. */
export const openaiOther: readonly Recording[] = openai
  .filter(({ name }) => /^openai-(completion|embedding)\//.test(name))
  .map((file) => recording(file, file.name.endsWith('.txt') ? dataFrames(file.text, true) : file.text))

/** An error answer of OpenAI. */
export const openaiError: readonly Recording[] = openai
  .filter(({ name }) => name.includes('error'))
  .map((file) => recording(file, file.text))

export const anthropicMessages: readonly Recording[] = anthropic
  .filter(({ name }) => !name.includes('message-start'))
  .flatMap((file) => answersOf(file, 'message_start', new Set(['message_stop'])))

/** Malformed on purpose: a second `message_start` inside a message. */
export const anthropicMalformed: readonly Recording[] = anthropic
  .filter(({ name }) => name.includes('message-start'))
  .map((file) => recording(file, namedFrames(linesOf(file.text))))

export const openaiResponses: readonly Recording[] = responses
  .filter(({ name }) => !name.includes('error') && !isDamaged(name))
  .flatMap((file) => answersOf(file, 'response.created', new Set(['response.completed', 'response.incomplete'])))

/** Its first frame lost a brace before it was published, so it is no JSON. */
export const openaiResponsesDamaged: readonly Recording[] = responses
  .filter(({ name }) => isDamaged(name))
  .map((file) => recording(file, namedFrames(linesOf(file.text))))

/** Streams and answers of the Responses API that tell an error. */
export const openaiResponsesErrors: readonly Recording[] = responses
  .filter(({ name }) => name.includes('error'))
  .map((file) => recording(file, file.name.endsWith('.txt') ? namedFrames(linesOf(file.text)) : file.text))

interface File {
  readonly name: string
  readonly text: string
}

function filesOf(dialect: string): readonly File[] {
  const folder = new URL(`${dialect}/fixtures/`, dialects)
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.(json|txt|sse)$/.test(name))
    .toSorted()
    .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))
}

function isDamaged(name: string): boolean {
  return name.includes('parallel-tool-call-wrapper.1.chunks')
}

function recording({ name }: { readonly name: string }, text: string): Recording {
  const stream = !name.includes('.json')
  const bytes = Buffer.from(name.endsWith('.sse') ? `${text.trimEnd()}\n\n` : text)
  return { name, source: name.split('/')[0] ?? '', stream, bytes }
}

function answersOf(file: File, start: string, terminals: ReadonlySet<string>): readonly Recording[] {
  if (file.name.endsWith('.json')) return [recording(file, file.text)]
  const answers: string[][] = []
  let isOver = true
  for (const line of linesOf(file.text)) {
    const type = typeOf(line)
    if (isOver && type === start) answers.push([])
    answers.at(-1)?.push(line)
    isOver = terminals.has(type)
  }
  return answers.map((lines, index) => {
    const name = answers.length === 1 ? file.name : `${file.name}#${index}`
    return recording({ name }, namedFrames(lines))
  })
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}

/** OpenAI's frames are data alone, and `[DONE]` at the end. */
function dataFrames(text: string, isDone: boolean): string {
  return `${linesOf(text)
    .map((line) => `data: ${line}\n\n`)
    .join('')}${isDone ? 'data: [DONE]\n\n' : ''}`
}

/** Anthropic and the Responses API name each event by its type. */
function namedFrames(lines: readonly string[]): string {
  return lines.map((line) => `event: ${typeOf(line)}\ndata: ${line}\n\n`).join('')
}

// JSON.parse only where the type is not in front: the damaged recording is no JSON.
function typeOf(line: string): string {
  const type = /^\{"type":\s*"([^"]+)"/.exec(line)?.[1]
  return type ?? String(JSON.parse(line).type)
}

/** Offsets behind each event of a stream, the last one its length. */
export function eventEnds(bytes: Buffer): readonly number[] {
  const ends: number[] = []
  for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) ends.push(at + 2)
  return ends
}
