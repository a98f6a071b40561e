// Decides what an answer says, before any dialect writes it: the echo's rules, overlaid by a script.
import { createHash } from 'node:crypto'
import type { AnswerBehaviour, ScriptedStop, ScriptedToolCall, ScriptedUsage } from './behaviour.ts'
import { type Conversation, countWords } from './conversation.ts'
import { isObject, parseJson } from './json.ts'
import { writeNote } from './media-note.ts'
import { findNamedCalls, type NamedCall } from './named-calls.ts'
import { instanceOf } from './schema-instance.ts'

export interface PlannedUsage {
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  /** The part of `cacheWriteTokens` kept for an hour. */
  readonly cacheWriteHourTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
}

export interface PlannedCall {
  readonly id: string | undefined
  readonly name: string
  readonly argsJson: string
}

export interface AnswerPlan {
  /** The simulator's running number of this answer; ids are made of it. */
  readonly serial: string
  readonly created: number
  readonly model: string
  readonly reasoning: string | undefined
  /** Reasoning that only the provider can read. */
  readonly redactedReasoning: string | undefined
  readonly text: string
  readonly refusal: string | undefined
  readonly toolCalls: readonly PlannedCall[]
  readonly stop: ScriptedStop
  readonly stopSequence: string | undefined
  readonly usage: PlannedUsage | undefined
  readonly streamsUsage: boolean
  readonly choices: number
  readonly chunkSize: number | undefined
}

/** What the simulator itself adds to an answer. */
export interface Mint {
  readonly serial: string
  readonly created: number
}

export function planAnswer(conversation: Conversation, script: AnswerBehaviour, mint: Mint): AnswerPlan {
  const toolCalls: readonly ScriptedToolCall[] = script.toolCalls ?? echoCalls(conversation, script)
  const spoken = speak(conversation, script, toolCalls.length > 0)
  const reasoning = script.reasoning ?? echoReasoning(conversation)
  return {
    ...mint,
    model: conversation.model,
    reasoning,
    redactedReasoning: redactedReasoning(conversation, reasoning),
    text: spoken.text,
    refusal: script.refusal,
    toolCalls: toolCalls.map(({ id, name, argsJson }) => ({ id, name, argsJson })),
    stop: script.stop ?? (script.refusal === undefined ? spoken.stop : 'refusal'),
    stopSequence: spoken.stopSequence,
    usage:
      script.omitUsage === true
        ? undefined
        : planUsage(conversation, script.usage ?? {}, `${spoken.text}${script.refusal ?? ''}`, toolCalls, reasoning),
    streamsUsage: conversation.streamsUsage,
    choices: conversation.choices,
    chunkSize: script.chunkSize,
  }
}

interface Spoken {
  readonly text: string
  readonly stop: ScriptedStop
  readonly stopSequence: string | undefined
}

function speak(conversation: Conversation, script: AnswerBehaviour, callsTools: boolean): Spoken {
  if (callsTools) return { text: script.text ?? '', stop: 'tool-use', stopSequence: undefined }
  if (script.text !== undefined) return { text: script.text, stop: 'end', stopSequence: undefined }
  if (script.refusal !== undefined) return { text: '', stop: 'refusal', stopSequence: undefined }
  return limit(echoText(conversation), conversation)
}

function echoText(conversation: Conversation): string {
  if (conversation.output.kind === 'schema') return JSON.stringify(instanceOf(conversation.output.schema))
  const said = [...conversation.toolResults, conversation.lastUserText].filter((text) => text !== '').join('\n')
  if (conversation.output.kind === 'json') return isJsonObject(said) ? said : JSON.stringify({ text: said })
  return [said, ...conversation.media.map(writeNote)].filter((text) => text !== '').join(' ')
}

function isJsonObject(text: string): boolean {
  const parsed = parseJson(text)
  return parsed.ok && isObject(parsed.value)
}

function limit(text: string, conversation: Conversation): Spoken {
  for (const stopSequence of conversation.stopSequences) {
    const at = stopSequence === '' ? -1 : text.indexOf(stopSequence)
    if (at >= 0) return { text: text.slice(0, at), stop: 'stop-sequence', stopSequence }
  }
  const words = [...text.matchAll(/\S+/g)]
  const last = conversation.maxTokens === undefined ? undefined : words[conversation.maxTokens]
  if (last === undefined) return { text, stop: 'end', stopSequence: undefined }
  return { text: text.slice(0, last.index).trimEnd(), stop: 'length', stopSequence: undefined }
}

function echoCalls(conversation: Conversation, script: AnswerBehaviour): readonly NamedCall[] {
  if (script.text !== undefined || script.refusal !== undefined || conversation.toolResults.length > 0) return []
  const { toolPolicy, toolNames } = conversation
  if (toolPolicy.kind === 'none' || toolNames.length === 0) return []
  const named = findNamedCalls(conversation.lastUserText, toolNames)
  const allowed = toolPolicy.kind === 'one' ? named.filter((call) => call.name === toolPolicy.name) : named
  const calls = allowed.length > 0 ? allowed : forcedCall(conversation)
  return conversation.parallelTools ? calls : calls.slice(0, 1)
}

function forcedCall({ toolPolicy, toolNames }: Conversation): readonly NamedCall[] {
  const name = toolPolicy.kind === 'one' ? toolPolicy.name : toolPolicy.kind === 'any' ? toolNames[0] : undefined
  return name === undefined ? [] : [{ name, argsJson: '{}' }]
}

function echoReasoning(conversation: Conversation): string | undefined {
  if (!conversation.reasoning && !conversation.model.endsWith('echo-reasoning')) return undefined
  return `The user says: ${conversation.lastUserText}`
}

function redactedReasoning(conversation: Conversation, reasoning: string | undefined): string | undefined {
  if (reasoning === undefined || !/\bredacted\b/i.test(conversation.lastUserText)) return undefined
  return createHash('sha256').update(conversation.lastUserText).digest('base64')
}

function planUsage(
  { words }: Conversation,
  scripted: ScriptedUsage,
  text: string,
  toolCalls: readonly ScriptedToolCall[],
  reasoning: string | undefined,
): PlannedUsage {
  const called = toolCalls.reduce((sum, call) => sum + 1 + countWords(call.argsJson), 0)
  return {
    inputTokens: scripted.inputTokens ?? words.fresh,
    cacheReadTokens: scripted.cacheReadTokens ?? words.cacheRead,
    cacheWriteTokens: scripted.cacheWriteTokens ?? words.cacheWrite + words.cacheWriteHour,
    cacheWriteHourTokens: scripted.cacheWriteTokens === undefined ? words.cacheWriteHour : 0,
    outputTokens: scripted.outputTokens ?? countWords(text) + called,
    reasoningTokens: scripted.reasoningTokens ?? countWords(reasoning ?? ''),
  }
}
