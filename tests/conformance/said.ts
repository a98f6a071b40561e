// What an answer says, read from its JSON in the plainest way: an independent witness, which shares no code with the dialects.

export interface Call {
  readonly id: string
  readonly name: string
  readonly args: unknown
}

/** The parts of an answer that every dialect can tell. */
export interface Said {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly Call[]
  readonly stop: string
  readonly usage: Figures | undefined
}

/** Totals, and the parts that both dialects name. */
export interface Figures {
  readonly input: number
  readonly cached: number
  readonly output: number
}

// oxlint-disable-next-line typescript/no-explicit-any -- foreign JSON, walked as plainly as it can be
type Json = Record<string, any>

/** JSON of each data frame of a stream; `[DONE]` is none. */
export function framesOf(stream: Buffer): readonly Json[] {
  return stream
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]')
    .map((line) => JSON.parse(line.slice('data: '.length)))
}

/** A chat completion, streamed or whole. */
export function saidByOpenAi(bytes: Buffer, stream: boolean): Said {
  return stream ? openAiStream(framesOf(bytes)) : openAiWhole(JSON.parse(bytes.toString('utf8')))
}

/** A message, streamed or whole. */
export function saidByAnthropic(bytes: Buffer, stream: boolean): Said {
  return stream ? anthropicStream(framesOf(bytes)) : anthropicWhole(JSON.parse(bytes.toString('utf8')))
}

function openAiWhole(answer: Json): Said {
  const choice = answer.choices[0]
  const { message } = choice
  const calls = (message.tool_calls ?? []).map((call: Json) => ({
    id: call.id,
    name: call.function.name,
    args: parsed(call.function.arguments),
  }))
  return {
    text: textOf(message.content),
    reasoning: reasoningOf(message),
    calls,
    stop: choice.finish_reason,
    usage: openAiFigures(answer),
  }
}

function openAiStream(frames: readonly Json[]): Said {
  const calls = new Map<number, { id: string; name: string; args: string }>()
  let [text, reasoning, stop] = ['', '', '']
  let usage: Figures | undefined
  for (const frame of frames) {
    usage = openAiFigures(frame) ?? usage
    const choice = frame.choices?.[0]
    if (choice === undefined) continue
    const delta = choice.delta ?? {}
    text += textOf(delta.content)
    reasoning += reasoningOf(delta)
    stop = choice.finish_reason ?? stop
    for (const piece of delta.tool_calls ?? []) {
      const call = calls.get(piece.index ?? 0) ?? { id: '', name: '', args: '' }
      calls.set(piece.index ?? 0, {
        id: call.id || (piece.id ?? ''),
        name: call.name || (piece.function?.name ?? ''),
        args: call.args + (piece.function?.arguments ?? ''),
      })
    }
  }
  return {
    text,
    reasoning,
    calls: [...calls.values()].map((call) => ({ ...call, args: parsed(call.args) })),
    stop,
    usage,
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: Json) => (part.type === 'text' ? part.text : '')).join('')
}

// Mistral thinks inside the content.
function reasoningOf({ content, reasoning_content, reasoning }: Json): string {
  const inside = Array.isArray(content) ? content.flatMap((part: Json) => part.thinking ?? []) : []
  return (reasoning_content ?? reasoning ?? '') + inside.map((part: Json) => part.text).join('')
}

function openAiFigures(holder: Json): Figures | undefined {
  const usage = holder.usage ?? holder.x_groq?.usage ?? holder.choices?.[0]?.usage
  if (usage === undefined || usage === null) return undefined
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0
  const cached = usage.prompt_tokens_details?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens ?? 0
  // xAI counts thoughts beside the completion.
  return { input, cached, output: total === input + output + reasoning ? output + reasoning : output }
}

function anthropicWhole(message: Json): Said {
  return {
    ...blocksSaid(message.content),
    stop: message.stop_reason,
    usage: anthropicFigures(message.usage),
  }
}

function anthropicStream(frames: readonly Json[]): Said {
  const blocks: Json[] = []
  let usage: Json = {}
  let stop = ''
  for (const frame of frames) {
    if (frame.type === 'message_start') {
      usage = { ...frame.message.usage }
      stop = frame.message.stop_reason ?? ''
      blocks.push(...frame.message.content)
    } else if (frame.type === 'content_block_start') blocks.push({ ...frame.content_block, json: '' })
    else if (frame.type === 'content_block_delta') addDelta(blocks.at(-1) ?? {}, frame.delta)
    else if (frame.type === 'message_delta') {
      stop = frame.delta.stop_reason ?? stop
      const told = Object.entries(frame.usage ?? {}).filter(([, value]) => typeof value === 'number' && value > 0)
      usage = { ...usage, ...Object.fromEntries(told) }
    }
  }
  for (const block of blocks) if (block.json) block.input = parsed(block.json)
  return { ...blocksSaid(blocks), stop, usage: anthropicFigures(usage) }
}

function addDelta(block: Json, delta: Json): void {
  if (delta.type === 'text_delta') block.text += delta.text
  else if (delta.type === 'thinking_delta') block.thinking += delta.thinking
  else if (delta.type === 'input_json_delta') block.json += delta.partial_json
}

function blocksSaid(blocks: readonly Json[]): Pick<Said, 'text' | 'reasoning' | 'calls'> {
  return {
    text: blocks.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    reasoning: blocks.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: blocks
      .filter((block) => block.type === 'tool_use')
      .map(({ id, name, input }) => ({ id, name, args: input })),
  }
}

function anthropicFigures(usage: Json): Figures | undefined {
  if (usage.input_tokens === undefined) return undefined
  const cached = usage.cache_read_input_tokens ?? 0
  const input = usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0)
  return { input, cached, output: usage.output_tokens }
}

function parsed(json: string): unknown {
  return json === '' ? {} : JSON.parse(json)
}

/** What a client of Anthropic must be told where OpenAI said this. */
export function anthropicStopFor(said: Said): string {
  const words: Readonly<Record<string, string>> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }
  return said.calls.length > 0 ? 'tool_use' : (words[said.stop] ?? said.stop)
}

/** What a client of OpenAI must be told where Anthropic said this. */
export function openAiStopFor(said: Said): string {
  const words: Readonly<Record<string, string>> = {
    end_turn: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    tool_use: 'tool_calls',
  }
  return words[said.stop] ?? said.stop
}
