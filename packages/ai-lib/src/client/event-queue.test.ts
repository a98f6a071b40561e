// A pushed stream as an iterator: order, back-pressure, endings, and leaving at any moment.
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { OpenStream, StreamConsumer } from '../attempts/attempt-call.ts'
import type { ChatEvent } from '../chat/events.ts'
import { chatOperations } from '../dialects/registry.ts'
import { createEventsLane } from '../lanes/translate.ts'
import { type ChatCompletionEvent, eventsOf } from './event-queue.ts'

type Events = readonly ChatEvent[]
const asIs = (text: string): string => text
const delta = (text: string): ChatEvent => ({ type: 'part-delta', index: 0, text })

function pushed(onAttach: (consumer: StreamConsumer<Events>) => void = () => undefined) {
  const openai = chatOperations['openai-chat']
  if (!openai) throw new Error('openai chats')
  const calls: string[] = []
  let consumer: StreamConsumer<Events> | undefined
  const stream: OpenStream<Events> = {
    lane: createEventsLane(openai.dialect.createReader()),
    attach(attached) {
      consumer = attached
      onAttach(attached)
    },
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    destroy: () => calls.push('destroy'),
  }
  const push = (...events: ChatEvent[]): void => consumer?.data(events)
  return { stream, calls, push, consumer: () => consumer }
}

async function textOf(events: AsyncIterable<ChatCompletionEvent>): Promise<string> {
  let text = ''
  for await (const event of events) text += event.type === 'part-delta' ? event.text : ''
  return text
}

describe('eventsOf', () => {
  it('gives what came before and after it waited, in order, and lets go of the stream', async () => {
    const source = pushed((consumer) => consumer.data([delta('a')]))
    const said = textOf(eventsOf(source.stream, asIs, undefined))
    await Promise.resolve()
    source.push(delta('b'), delta('c'))
    await new Promise((resolve) => setImmediate(resolve))
    source.push(delta('d'))
    source.consumer()?.ended()
    expect(await said).toBe('abcd')
    expect(source.calls).toEqual(['destroy'])
  })

  it('throws a failure only after everything that came, and shows no failure event', async () => {
    const failure = { phase: 'mid-stream', code: 'truncated', charged: 'unknown' } as const
    const source = pushed((consumer) => {
      consumer.data([delta('a'), { type: 'failure', failure }])
      consumer.failed(failure)
    })
    const seen: string[] = []
    const reading = (async () => {
      for await (const event of eventsOf(source.stream, asIs, undefined)) seen.push(event.type)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'provider_truncated' })
    expect(seen).toEqual(['part-delta'])
    expect(source.calls).toEqual(['destroy'])
  })

  it('holds the upstream up where more waits than is taken, and lets it go on after', async () => {
    const many = Array.from({ length: 300 }, () => delta('x'))
    const source = pushed((consumer) => consumer.data(many))
    const events = eventsOf(source.stream, asIs, undefined)
    await events.next()
    expect(source.calls).toEqual(['pause', 'resume'])
    await events.return(undefined)
    expect(source.calls.at(-1)).toBe('destroy')
  })

  it('a loop that is left early lets go of the stream and of the signal', async () => {
    const abort = new AbortController()
    const source = pushed((consumer) => consumer.data([delta('a'), delta('b')]))
    for await (const _event of eventsOf(source.stream, asIs, abort.signal)) break
    expect(source.calls).toEqual(['destroy'])
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('a signal that aborts while the loop waits ends it', async () => {
    const abort = new AbortController()
    const source = pushed()
    const reading = textOf(eventsOf(source.stream, asIs, abort.signal))
    await Promise.resolve()
    abort.abort(new Error('enough'))
    await expect(reading).rejects.toMatchObject({ code: 'caller_left', cause: { message: 'enough' } })
    expect(source.calls).toEqual(['destroy'])
  })

  it('a signal that aborted between the commit and the loop ends it, instead of leaving it to wait for ever', async () => {
    const source = pushed()
    await expect(textOf(eventsOf(source.stream, asIs, AbortSignal.abort()))).rejects.toMatchObject({
      code: 'caller_left',
    })
    expect(source.calls).toEqual(['destroy'])
  }, 2_000)
})
