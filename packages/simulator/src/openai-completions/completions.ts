// Legacy completions: repeats each prompt, whole or as a stream.
import { badRequest, countWords } from '../conversation.ts'
import { splitDeltas } from '../deltas.ts'
import { type Endpoint, refuse, whole } from '../endpoint.ts'
import { type JsonObject, objectAt, stringAt } from '../json.ts'
import { openaiErrorForm } from '../openai-chat/error-form.ts'

export const completions: Endpoint = {
  errors: openaiErrorForm,
  lastUserText: ({ body }) => readPrompts(body).at(-1) ?? '',
  reply: ({ body, mint }, script) => {
    const prompts = readPrompts(body)
    const model = stringAt(body, 'model') ?? ''
    if (model === '') return refuse(openaiErrorForm, badRequest('you must provide a model parameter', 'model'), mint)
    if (prompts.length === 0)
      return refuse(openaiErrorForm, badRequest("Missing required parameter: 'prompt'.", 'prompt'), mint)
    const texts = prompts.map((prompt) => script.text ?? prompt)
    const shell = { id: `cmpl-sim-${mint.serial}`, object: 'text_completion', created: mint.created, model }
    const finish = script.stop === undefined || script.stop === 'end' ? 'stop' : script.stop
    const usage = script.omitUsage === true ? undefined : writeUsage(prompts, texts)
    const choice = (text: string, index: number, reason: string | null): JsonObject => ({
      text,
      index,
      logprobs: null,
      finish_reason: reason,
    })
    if (body['stream'] !== true) {
      return whole({
        ...shell,
        choices: texts.map((text, index) => choice(text, index, finish)),
        ...(usage === undefined ? {} : { usage }),
      })
    }
    const sendsUsage = usage !== undefined && objectAt(body, 'stream_options')?.['include_usage'] === true
    const frame = (choices: readonly JsonObject[], figures: JsonObject | null) =>
      `data: ${JSON.stringify({ ...shell, choices, ...(sendsUsage ? { usage: figures } : {}) })}\n\n`
    const frames = texts.flatMap((text, index) => [
      ...splitDeltas(text, script.chunkSize).map((piece) => frame([choice(piece, index, null)], null)),
      frame([choice('', index, finish)], null),
    ])
    return { kind: 'events', frames: [...frames, ...(sendsUsage ? [frame([], usage)] : []), 'data: [DONE]\n\n'] }
  },
}

function readPrompts(body: JsonObject): readonly string[] {
  return [body['prompt']].flat().filter((prompt) => typeof prompt === 'string')
}

function writeUsage(prompts: readonly string[], texts: readonly string[]): JsonObject {
  const asked = prompts.reduce((sum, prompt) => sum + countWords(prompt), 0)
  const said = texts.reduce((sum, text) => sum + countWords(text), 0)
  return { prompt_tokens: asked, completion_tokens: said, total_tokens: asked + said }
}
