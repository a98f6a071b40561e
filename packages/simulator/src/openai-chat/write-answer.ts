// Writes a planned answer as a chat completion, whole or as the chunks of a stream.
import type { AnswerPlan, PlannedUsage } from '../answer-plan.ts'
import { splitArguments, splitDeltas } from '../deltas.ts'
import type { JsonObject } from '../json.ts'

const FINISH_REASONS: Readonly<Record<string, string>> = {
  end: 'stop',
  'stop-sequence': 'stop',
  refusal: 'stop',
  pause: 'stop',
  'tool-use': 'tool_calls',
  'content-filter': 'content_filter',
}

export function writeWhole(plan: AnswerPlan): JsonObject {
  const choices = Array.from({ length: plan.choices }, (_, index) => ({
    index,
    message: writeMessage(plan),
    logprobs: null,
    finish_reason: finishReason(plan),
  }))
  return {
    id: idOf(plan),
    object: 'chat.completion',
    created: plan.created,
    model: plan.model,
    choices,
    ...(plan.usage === undefined ? {} : { usage: writeUsage(plan.usage) }),
    service_tier: 'default',
    system_fingerprint: 'fp_simulator',
  }
}

export function writeEvents(plan: AnswerPlan): readonly string[] {
  const sendsUsage = plan.streamsUsage && plan.usage !== undefined
  const frame = (choices: readonly JsonObject[], usage: JsonObject | null = null) =>
    `data: ${JSON.stringify({
      id: idOf(plan),
      object: 'chat.completion.chunk',
      created: plan.created,
      model: plan.model,
      service_tier: 'default',
      system_fingerprint: 'fp_simulator',
      choices,
      ...(sendsUsage ? { usage } : {}),
    })}\n\n`
  const frames = Array.from({ length: plan.choices }, (_, index) => [
    ...writeDeltas(plan).map((delta) => frame([{ index, delta, logprobs: null, finish_reason: null }])),
    frame([{ index, delta: {}, logprobs: null, finish_reason: finishReason(plan) }]),
  ]).flat()
  if (sendsUsage) frames.push(frame([], writeUsage(plan.usage)))
  return [...frames, 'data: [DONE]\n\n']
}

function writeMessage(plan: AnswerPlan): JsonObject {
  const saysNothing = plan.text === '' && (plan.toolCalls.length > 0 || plan.refusal !== undefined)
  return {
    role: 'assistant',
    content: saysNothing ? null : plan.text,
    refusal: plan.refusal ?? null,
    ...(plan.reasoning === undefined ? {} : { reasoning_content: plan.reasoning }),
    ...(plan.toolCalls.length === 0 ? {} : { tool_calls: writeCalls(plan) }),
  }
}

function writeCalls(plan: AnswerPlan): readonly JsonObject[] {
  return plan.toolCalls.map((call, index) => ({
    id: call.id ?? `call_sim_${plan.serial}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: call.argsJson },
  }))
}

function writeDeltas(plan: AnswerPlan): readonly JsonObject[] {
  const saysNothing = plan.text === '' && plan.toolCalls.length > 0
  return [
    { role: 'assistant', content: saysNothing ? null : '', refusal: null },
    ...splitDeltas(plan.reasoning ?? '', plan.chunkSize).map((piece) => ({ reasoning_content: piece })),
    ...splitDeltas(plan.text, plan.chunkSize).map((piece) => ({ content: piece })),
    ...splitDeltas(plan.refusal ?? '', plan.chunkSize).map((piece) => ({ refusal: piece })),
    ...plan.toolCalls.flatMap((call, index) => [
      {
        tool_calls: [
          {
            index,
            id: call.id ?? `call_sim_${plan.serial}_${index}`,
            type: 'function',
            function: { name: call.name, arguments: '' },
          },
        ],
      },
      ...splitArguments(call.argsJson, plan.chunkSize).map((piece) => ({
        tool_calls: [{ index, function: { arguments: piece } }],
      })),
    ]),
  ]
}

function writeUsage(usage: PlannedUsage): JsonObject {
  // OpenAI's prompt_tokens include the cached ones, its completion_tokens the reasoning.
  const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens
  const completion = usage.outputTokens + usage.reasoningTokens
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function idOf(plan: AnswerPlan): string {
  return `chatcmpl-sim-${plan.serial}`
}

function finishReason(plan: AnswerPlan): string {
  return FINISH_REASONS[plan.stop] ?? plan.stop
}
