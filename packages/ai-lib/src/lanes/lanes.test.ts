// The way back, both lanes: states, what is held and dropped, and that no failure frame is ever forwarded.
import { describe, expect, it } from 'vitest'
import { frames, wholeAnswer } from '../attempts/attempt.test.kit.ts'
import type { ChatEvent } from '../chat/events.ts'
import { chatOperations, operations } from '../dialects/registry.ts'
import type { AnswerLane } from './answer-lane.ts'
import { createPassLane } from './pass.ts'
import { createEventsLane, createTranslateLane } from './translate.ts'

const openai = chatOperations['openai-chat']
const anthropic = chatOperations['anthropic-messages']
if (!openai || !anthropic) throw new Error('both dialects chat')
const { dialect } = openai
const writing = anthropic.dialect

const lanes: readonly (readonly [string, () => AnswerLane<Buffer | readonly ChatEvent[]>])[] = [
  ['pass', () => createPassLane(operations.chat.wire, false)],
  [
    'translate',
    () => createTranslateLane(dialect.createReader(), writing.createWriter({ streamUsage: true, createdSeconds: 1 })),
  ],
  ['events', () => createEventsLane(dialect.createReader())],
]

const push = (lane: AnswerLane<unknown>, text: string): void => lane.push(Buffer.from(text))
function taken(lane: AnswerLane<Buffer | readonly ChatEvent[]>): string {
  const out = lane.take()
  return out === undefined ? '' : Buffer.isBuffer(out) ? out.toString() : JSON.stringify(out)
}

describe.each(lanes)('the %s lane', (_name, open) => {
  it('is quiet until content, then has it, then has ended', () => {
    const lane = open()
    const states = [lane.state]
    for (const frame of [frames.ping, frames.role, frames.text('hi'), frames.stop, frames.done]) {
      push(lane, frame)
      states.push(lane.state)
    }
    expect(states).toEqual(['quiet', 'quiet', 'quiet', 'content', 'content', 'ended'])
    expect(lane.failure).toBeUndefined()
  })

  it('is the same for every way of cutting the bytes', () => {
    const text = frames.ping + frames.role + frames.text('h€llo 🚀') + frames.stop + frames.usage + frames.done
    const whole = open()
    push(whole, text)
    const expected = taken(whole)
    const bytes = Buffer.from(text)
    for (let at = 1; at < bytes.length; at++) {
      const lane = open()
      lane.push(Buffer.from(bytes.subarray(0, at)))
      lane.push(Buffer.from(bytes.subarray(at)))
      expect(lane.state).toBe('ended')
      expect(taken(lane)).toBe(expected)
    }
    expect(whole.usage).toMatchObject({ outputTokens: 2 })
  })

  it('gives what came once, and nothing where nothing came', () => {
    const lane = open()
    expect(lane.take()).toBeUndefined()
    push(lane, frames.role + frames.text('hi'))
    expect(taken(lane)).toContain('hi')
    expect(lane.take()).toBeUndefined()
  })

  it('a failure frame ends it, and not a byte of it is given', () => {
    const lane = open()
    push(lane, frames.role + frames.text('hi') + frames.error + frames.text('behind'))
    expect(lane.state).toBe('failed')
    expect(lane.failure).toMatchObject({ phase: 'mid-stream' })
    const out = taken(lane)
    expect(out).toContain('hi')
    expect(out).not.toContain('overloaded now')
    expect(out).not.toContain('behind')
    push(lane, frames.text('later') + frames.done)
    expect(lane.state).toBe('failed')
    expect(taken(lane)).not.toContain('later')
  })

  it('a failure before content says that nothing has begun', () => {
    const lane = open()
    push(lane, frames.role + frames.error)
    expect(lane.failure).toMatchObject({ phase: 'first-event' })
  })

  it.each([
    ['nothing', '', 'first-event'],
    ['a role', frames.role, 'first-event'],
    ['content', frames.role + frames.text('hi'), 'mid-stream'],
    ['half a frame', frames.text('hi') + frames.done.slice(0, 10), 'mid-stream'],
  ])('an end after %s is a truncation', (_title, text, phase) => {
    const lane = open()
    push(lane, text)
    lane.end()
    expect(lane.state).toBe('failed')
    expect(lane.failure).toMatchObject({ code: 'truncated', phase })
  })

  it('bytes behind the terminal event are dropped, whatever they are', () => {
    for (const behind of [frames.text('behind'), frames.error, 'x'.repeat(5 * 1024 * 1024)]) {
      const lane = open()
      push(lane, frames.role + frames.text('hi') + frames.stop + frames.done)
      push(lane, behind)
      lane.end()
      expect(lane.state).toBe('ended')
      expect(lane.failure).toBeUndefined()
      const out = taken(lane)
      expect(out).not.toContain('behind')
      expect(out).not.toContain('overloaded')
    }
  })

  it('an event beyond its bound is a failure, thrown at nobody', () => {
    const lane = open()
    push(lane, frames.role + frames.text('hi'))
    push(lane, `data: ${'x'.repeat(5 * 1024 * 1024)}`)
    expect(lane.failure).toMatchObject({ code: 'too-large', phase: 'mid-stream' })
    push(lane, frames.error)
    expect(lane.failure).toMatchObject({ code: 'too-large' })
  })

  it('pings move no progress, content does', () => {
    const lane = open()
    push(lane, frames.role + frames.text('a'))
    const { progress } = lane
    push(lane, frames.ping)
    expect(lane.progress).toBe(progress)
    push(lane, frames.text('b'))
    expect(lane.progress).toBeGreaterThan(progress)
  })

  it('takes a whole answer with its usage', () => {
    const lane = open()
    expect(lane.whole(Buffer.from(JSON.stringify(wholeAnswer)))).toBeDefined()
    expect(lane.state).toBe('ended')
    expect(lane.usage).toMatchObject({ outputTokens: 2 })
  })

  it.each(['', 'null', '[]', '{', '<html>', '{"error":{"message":"no"}}', '{"id":"x"'])(
    'takes no whole answer from %j',
    (text) => {
      const lane = open()
      expect(lane.whole(Buffer.from(text))).toBeUndefined()
      expect(lane.state).toBe('failed')
      expect(lane.failure).toMatchObject({ phase: 'first-event' })
    },
  )
})

describe('the pass lane alone', () => {
  it('forwards the very bytes, comments and spacing included', () => {
    const text = `: hello\r\n\r\n${frames.role}${frames.ping}${frames.text('hi')}${frames.stop}${frames.done}`
    const lane = createPassLane(operations.chat.wire, false)
    push(lane, text)
    expect(taken(lane)).toBe(text)
  })

  it('forwards whole events only: the tail of an unfinished one is held', () => {
    const lane = createPassLane(operations.chat.wire, false)
    push(lane, frames.text('a') + frames.text('b').slice(0, 20))
    expect(taken(lane)).toBe(frames.text('a'))
    push(lane, frames.text('b').slice(20))
    expect(taken(lane)).toBe(frames.text('b'))
  })

  it('drops the usage-only frame where nobody but us asked for it, and keeps what it says', () => {
    const head = frames.role + frames.text('hi') + frames.stop
    for (const drops of [true, false]) {
      const lane = createPassLane(operations.chat.wire, drops)
      push(lane, head + frames.usage + frames.done)
      expect(taken(lane)).toBe(drops ? head + frames.done : head + frames.usage + frames.done)
      expect(lane.usage).toMatchObject({ outputTokens: 2 })
    }
  })

  it('gives a whole answer as the very buffer that came', () => {
    const lane = createPassLane(operations.chat.wire, false)
    const bytes = Buffer.from(JSON.stringify(wholeAnswer))
    expect(lane.whole(bytes)).toBe(bytes)
  })
})
