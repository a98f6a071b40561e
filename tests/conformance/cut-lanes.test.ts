// Every recorded stream through the lanes byte by byte and cut at every offset: a cut never looks complete.
import { createPassLane } from 'ai-lib/internal/lanes/pass'
import { createTranslateLane } from 'ai-lib/internal/lanes/translate'
import type { AnswerLane } from 'ai-lib/internal/lanes/answer-lane'
import { chatOperations, operations } from 'ai-lib/internal/dialects/registry'
import type { Dialect } from 'ai-lib/internal/dialects/dialect'
import { describe, expect, test } from 'vitest'
import { anthropicMessages, eventEnds, openaiChat, openaiOther, openaiResponses, type Recording } from './recordings.ts'

type Lane = AnswerLane<Buffer>

interface Case {
  readonly name: string
  readonly bytes: Buffer
  /** A fresh lane for one answer. */
  open(): Lane
  /** What a client takes for the end of an answer. */
  readonly terminal: RegExp
}

const endOfChat = /^data: \[DONE\]$/m
const endOfMessage = /"type":"message_stop"/
const endOfResponse = /^event: response\.(completed|incomplete)$/m

function dialectOf(id: 'openai-chat' | 'anthropic-messages'): Dialect {
  const chat = chatOperations[id]
  if (!chat) throw new Error(`${id} is no chat dialect`)
  return chat.dialect
}

function translating(from: 'openai-chat' | 'anthropic-messages', to: 'openai-chat' | 'anthropic-messages'): () => Lane {
  return () =>
    createTranslateLane(
      dialectOf(from).createReader(),
      dialectOf(to).createWriter({ streamUsage: true, createdSeconds: 1 }),
    )
}

const cases: readonly Case[] = [
  ...streams(openaiChat).flatMap(({ name, bytes }): Case[] => [
    { name: `${name}, passed`, bytes, open: () => createPassLane(operations.chat.wire, false), terminal: endOfChat },
    { name: `${name}, spliced`, bytes, open: () => createPassLane(operations.chat.wire, true), terminal: endOfChat },
    {
      name: `${name}, translated`,
      bytes,
      open: translating('openai-chat', 'anthropic-messages'),
      terminal: endOfMessage,
    },
  ]),
  ...streams(anthropicMessages).flatMap(({ name, bytes }): Case[] => [
    {
      name: `${name}, passed`,
      bytes,
      open: () => createPassLane(operations.messages.wire, false),
      terminal: endOfMessage,
    },
    { name: `${name}, translated`, bytes, open: translating('anthropic-messages', 'openai-chat'), terminal: endOfChat },
  ]),
  ...streams(openaiResponses).map(
    ({ name, bytes }): Case => ({
      name: `${name}, passed`,
      bytes,
      open: () => createPassLane(operations.responses.wire, false),
      terminal: endOfResponse,
    }),
  ),
  ...streams(openaiOther).map(
    ({ name, bytes }): Case => ({
      name: `${name}, passed`,
      bytes,
      open: () => createPassLane(operations.completions.wire, false),
      terminal: endOfChat,
    }),
  ),
]

function streams(recordings: readonly Recording[]): readonly Recording[] {
  return recordings.filter(({ stream }) => stream)
}

describe.each(cases.map((one) => [one.name, one] as const))('%s', (_, { bytes, open, terminal }) => {
  const whole = outOf(open(), bytes)

  test('ends, and says so to the client', () => {
    expect(whole.lane.state).toBe('ended')
    expect(whole.out).toMatch(terminal)
  })

  // The state decides what an end of the upstream means, so watching it at every byte covers a cut at every offset.
  test('byte by byte is the same, and never ended before the last byte', () => {
    const lane = open()
    const pieces: string[] = []
    const early: number[] = []
    for (let at = 0; at < bytes.length; at++) {
      if (lane.state !== 'quiet' && lane.state !== 'content') early.push(at)
      lane.push(bytes.subarray(at, at + 1))
      const out = peeked(lane)
      if (out !== '') pieces.push(out)
      if (at < bytes.length - 1 && terminal.test(out)) early.push(at)
    }
    expect(early).toEqual([])
    expect(lane.state).toBe('ended')
    expect(lane.usage).toEqual(whole.lane.usage)
    expect(stable(pieces.join(''))).toBe(stable(whole.out))
  })

  test('cut is a failure, and what went out before is no whole answer', () => {
    const complete = cutOffsets(bytes).filter((offset) => {
      const lane = open()
      lane.push(Buffer.from(bytes.subarray(0, offset)))
      lane.end()
      const out = peeked(lane)
      const isFailure = lane.state === 'failed' && lane.failure?.code === 'truncated'
      return !isFailure || terminal.test(out) || (out !== '' && !out.endsWith('\n\n'))
    })
    expect(complete).toEqual([])
  })
})

function peeked(lane: Lane): string {
  return lane.take()?.toString('utf8') ?? ''
}

// Where the provider gave no id, the writer makes one up.
function stable(out: string): string {
  return out.replaceAll(/(msg_|toolu_|chatcmpl-|call_)[0-9a-f-]{32,36}/g, '$1made-up')
}

function outOf(lane: Lane, bytes: Buffer): { readonly lane: Lane; readonly out: string } {
  lane.push(bytes)
  return { lane, out: peeked(lane) }
}

/** Ending a lane costs a lane: short streams at every offset, long ones around events, a spread of them (LONG: a wider one). */
function cutOffsets(bytes: Buffer): readonly number[] {
  if (bytes.length <= 2_500) return Array.from({ length: bytes.length }, (_, offset) => offset)
  const ends = eventEnds(bytes)
  const step = Math.max(1, Math.floor(ends.length / (process.env['LONG'] ? 60 : 12)))
  const near = ends
    .filter((_, index) => index % step === 0 || index >= ends.length - 3)
    .flatMap((end) => [end - 1, end, end + 1])
  return [0, 1, ...near].filter((offset) => offset < bytes.length)
}
