// Every recording as an answer that is kept: which ones may be, and what they say once they are told in the other form.
import { isCompleteAnswer } from 'ai-lib/internal/lanes/complete-answer'
import { type KeptAnswer, replayAnswer } from 'ai-lib/internal/lanes/replay-answer'
import { operations } from 'ai-lib/internal/dialects/registry'
import type { OperationId } from 'ai-lib/internal/dialects/dialect'
import { describe, expect, test } from 'vitest'
import { anthropicMessages, eventEnds, openaiChat, openaiOther, openaiResponses, type Recording } from './recordings.ts'
import { framesOf, type Said, saidByAnthropic, saidByOpenAi } from './said.ts'

const ofCompletions = openaiOther.filter(({ name }) => name.includes('completion'))
interface Case {
  readonly operation: OperationId
  readonly name: string
  readonly recording: Recording
}
const casesOf = (operation: OperationId, recordings: readonly Recording[]): readonly Case[] =>
  recordings.map((recording) => ({ operation, name: recording.name, recording }))
const all: readonly Case[] = [
  ...casesOf('chat', openaiChat),
  ...casesOf('messages', anthropicMessages),
  ...casesOf('responses', openaiResponses),
  ...casesOf('completions', ofCompletions),
]

function formOf(stream: boolean): 'whole' | 'stream' {
  return stream ? 'stream' : 'whole'
}

function isComplete(operation: OperationId, { stream, bytes }: Recording): boolean {
  return isCompleteAnswer(operation, formOf(stream), bytes)
}

function kept(recording: Recording): KeptAnswer {
  return { form: formOf(recording.stream), bytes: recording.bytes, tellsUsage: true, usage: undefined }
}

function inOtherForm(operation: OperationId, recording: Recording): Buffer | undefined {
  const wanted = { form: formOf(!recording.stream), tellsUsage: true, createdSeconds: 1 }
  const other = replayAnswer(operations[operation], kept(recording), wanted)
  return other && Buffer.from(other)
}

function said(operation: OperationId, bytes: Buffer, stream: boolean): Said | undefined {
  if (operation === 'chat') return saidByOpenAi(bytes, stream)
  return operation === 'messages' ? saidByAnthropic(bytes, stream) : undefined
}

/** The words after which nobody would call an answer cut or moderated. */
const good =
  /"(?:finish_reason|stop_reason)":\s*"(?:stop|tool_calls|end_turn|tool_use|stop_sequence)"|"status":\s*"completed"/

describe('an answer is kept', () => {
  test.each(all)('$operation $name only where it ended well', ({ operation, recording }) => {
    const isGood = good.test(recording.bytes.toString())
    if (isComplete(operation, recording)) expect(isGood).toBe(true)
  })

  test('and nearly all recordings did', () => {
    const complete = all.filter(({ operation, recording }) => isComplete(operation, recording))
    expect(complete.length).toBeGreaterThan(150)
  })

  test.each(all.filter(({ recording }) => recording.stream))(
    '$operation $name never where it is cut',
    ({ operation, recording }) => {
      const { bytes } = recording
      const ends = eventEnds(bytes)
      // What tells the end well lies in the last four events at most: usage and `[DONE]` may follow it.
      for (const end of ends.slice(0, -4))
        expect(isCompleteAnswer(operation, 'stream', bytes.subarray(0, end))).toBe(false)
    },
  )
})

describe('told in the other form', () => {
  test.each(all)('$operation $name says the same, or is not told', ({ operation, recording }) => {
    const other = inOtherForm(operation, recording)
    if (other === undefined) return
    expect(said(operation, other, !recording.stream)).toEqual(said(operation, recording.bytes, recording.stream))
    expect(isCompleteAnswer(operation, formOf(!recording.stream), other)).toBe(isComplete(operation, recording))
  })

  test('nearly all recordings are told', () => {
    const told = all.filter(({ operation, recording }) => inOtherForm(operation, recording) !== undefined)
    expect(told.length).toBeGreaterThan(130)
  })

  test.each(openaiResponses.filter(({ stream }) => stream))(
    '$name ends in the very response of its stream',
    (recording) => {
      const whole = inOtherForm('responses', recording)
      const last = framesOf(recording.bytes).find(({ type }) => type === 'response.completed')
      expect(whole && JSON.parse(whole.toString())).toEqual(last?.response)
    },
  )

  // Copilot gives each event another id, and somebody has shortened the others.
  const usual = openaiResponses.filter(
    ({ name, stream }) => stream && !/github-copilot|openai-phase|shell-container/.test(name),
  )
  test.each(usual)('$name has the events of its stream', (recording) => {
    const whole = inOtherForm('responses', recording)
    if (whole === undefined) return
    const again = replayAnswer(
      operations.responses,
      { form: 'whole', bytes: whole, tellsUsage: true, usage: undefined },
      {
        form: 'stream',
        tellsUsage: true,
        createdSeconds: 1,
      },
    )
    expect(textOf(framesOf(Buffer.from(again ?? [])))).toEqual(textOf(framesOf(recording.bytes)))
  })
})

/** What the deltas and the finished items of a stream of the Responses API say. */
function textOf(frames: ReturnType<typeof framesOf>) {
  const deltas = new Map<string, string>()
  for (const { type, item_id: item, delta } of frames)
    if (/^response\.(?:output_text|function_call_arguments|reasoning_summary_text)\.delta$/.test(type))
      deltas.set(`${type} ${item}`, `${deltas.get(`${type} ${item}`) ?? ''}${delta}`)
  const items = frames.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item.id)
  return { deltas: Object.fromEntries(deltas), items }
}
