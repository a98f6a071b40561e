// Callers that ask without a pause, whole answers and streams, and book what became of each: three states, of which one must stay empty.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { chatBody, paths } from '../faults/asking.ts'

export interface LoadSetup {
  readonly url: string
  readonly key: string
  readonly whole: number
  readonly streams: number
  /** How many words a stream brings, each in a frame of its own. Default 10. */
  readonly words?: number
  /** Between two requests of one caller. */
  readonly pauseMs: number
}

export interface Booked {
  /** Whole answers that came as they should. */
  whole: number
  /** Streams that came to their end. */
  streams: number
  /** Streams that ended with an error event. */
  told: number
  /** Everything else, with what was seen. */
  readonly failures: string[]
}

export interface Load {
  readonly booked: Booked
  /** Lets what is under way finish. */
  stop(): Promise<Booked>
}

export function startLoad({ url, key, whole, streams, words = 10, pauseMs }: LoadSetup): Load {
  const booked: Booked = { whole: 0, streams: 0, told: 0, failures: [] }
  let isOver = false
  const caller = async (name: string, isStream: boolean): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let count = 0; !isOver; count++) {
      // The words come back: an answer that is another caller's would show.
      const text = `${name} ${count}${' word'.repeat(words - 2)}`
      const answer = await ask({ url, key, agent, body: chatBody('openai/echo', text, { stream: isStream }) })
      book(booked, isStream, answer, text)
      await sleep(pauseMs)
    }
    agent.destroy()
  }
  const callers = [
    ...Array.from({ length: whole }, (_, at) => caller(`w${at}`, false)),
    ...Array.from({ length: streams }, (_, at) => caller(`s${at}`, true)),
  ]
  return {
    booked,
    async stop() {
      isOver = true
      await Promise.all(callers)
      return booked
    },
  }
}

interface Answer {
  readonly status: number
  readonly text: string
  /** What broke, on the way or in the middle. */
  readonly broke?: string
}

function book(booked: Booked, isStream: boolean, { status, text, broke }: Answer, said: string): void {
  if (isStream && broke === undefined && status === 200) {
    if (text.endsWith('data: [DONE]\n\n') && wordsOf(text) === said) return void booked.streams++
    if (/\ndata: \{"error":\{.*\}\}\n\n$/.test(text) && !text.includes('[DONE]')) return void booked.told++
  }
  if (!isStream && broke === undefined && status === 200 && text.includes(`"content":"${said}"`)) {
    return void booked.whole++
  }
  booked.failures.push(`${isStream ? 'stream' : 'whole'} ${said}: ${status} ${broke ?? ''} …${text.slice(-300)}`)
}

function wordsOf(stream: string): string {
  return [...stream.matchAll(/"delta":\{[^}]*"content":"([^"]*)"/g)].map(([, word = '']) => word).join('')
}

function ask(parts: { url: string; key: string; agent: Agent; body: string }): Promise<Answer> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${parts.key}` }
    const asked = request(
      `${parts.url}${paths.openai}`,
      { method: 'POST', agent: parts.agent, headers },
      (response) => {
        const status = response.statusCode ?? 0
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status, text }))
        response.on('error', (error) => resolve({ status, text, broke: error.message }))
      },
    )
    asked.on('error', (error) => resolve({ status: 0, text: '', broke: error.message }))
    asked.end(parts.body)
  })
}
