// The official SDKs, unmodified, behind one small face, so that each conversation is written once for both.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'

export type Client = 'openai' | 'anthropic'
export const clients: readonly Client[] = ['openai', 'anthropic']

export interface Call {
  readonly id: string
  readonly name: string
  readonly args: unknown
}

export interface Heard {
  readonly text: string
  readonly calls: readonly Call[]
  readonly stop: string | null | undefined
  readonly input: number | undefined
  readonly output: number | undefined
  /** Pieces of text that came one after the other; 1 for a whole answer. */
  readonly pieces: number
}

export interface Ask {
  readonly model: string
  readonly text: string
  readonly stream: boolean
  /** Offers the tool `get_weather`. */
  readonly tools?: boolean
  /** Base64 of a PNG. */
  readonly image?: string
  /** What was called in the turn before, and what came of it. */
  readonly results?: readonly { readonly call: Call; readonly result: string }[]
  readonly signal?: AbortSignal
  readonly onText?: () => void
}

export interface Speaker {
  ask(ask: Ask): Promise<Heard>
}

export const callerKey = 'caller-key-0123456789'

export function openAi(url: string, options: { readonly maxRetries?: number } = {}): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: callerKey, ...options })
}

export function anthropic(url: string, options: { readonly maxRetries?: number } = {}): Anthropic {
  return new Anthropic({ baseURL: url, apiKey: callerKey, ...options })
}

export function speaker(client: Client, url: string): Speaker {
  return client === 'openai'
    ? { ask: (ask) => askOpenAi(openAi(url), ask) }
    : { ask: (ask) => askAnthropic(anthropic(url), ask) }
}

const weather = {
  name: 'get_weather',
  description: 'The weather in a city.',
  schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
}

async function askOpenAi(sdk: OpenAI, ask: Ask): Promise<Heard> {
  const body: OpenAI.ChatCompletionCreateParamsNonStreaming = {
    model: ask.model,
    messages: openAiMessages(ask),
    ...(ask.tools
      ? {
          tools: [
            {
              type: 'function',
              function: { name: weather.name, description: weather.description, parameters: weather.schema },
            },
          ],
        }
      : {}),
  }
  const options = ask.signal ? { signal: ask.signal } : {}
  if (!ask.stream) return openAiHeard(await sdk.chat.completions.create(body, options), 1)
  const stream = sdk.chat.completions.stream(
    { ...body, stream: true, stream_options: { include_usage: true } },
    options,
  )
  let pieces = 0
  stream.on('content', () => {
    pieces++
    ask.onText?.()
  })
  return openAiHeard(await stream.finalChatCompletion(), pieces)
}

function openAiHeard(answer: OpenAI.ChatCompletion, pieces: number): Heard {
  const choice = answer.choices[0]
  const calls = (choice?.message.tool_calls ?? []).flatMap((call) =>
    call.type === 'function'
      ? [{ id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) as unknown }]
      : [],
  )
  return {
    text: choice?.message.content ?? '',
    calls,
    stop: choice?.finish_reason,
    input: answer.usage?.prompt_tokens,
    output: answer.usage?.completion_tokens,
    pieces,
  }
}

function openAiMessages({ text, image, results }: Ask): OpenAI.ChatCompletionMessageParam[] {
  const content: string | OpenAI.ChatCompletionContentPart[] =
    image === undefined
      ? text
      : [
          { type: 'text', text },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
        ]
  const turns: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content },
  ]
  if (results === undefined) return turns
  const tool_calls = results.map(({ call }) => ({
    id: call.id,
    type: 'function' as const,
    function: { name: call.name, arguments: JSON.stringify(call.args) },
  }))
  const answers = results.map(({ call, result }) => ({ role: 'tool' as const, tool_call_id: call.id, content: result }))
  return [...turns, { role: 'assistant', content: null, tool_calls }, ...answers]
}

async function askAnthropic(sdk: Anthropic, ask: Ask): Promise<Heard> {
  const body: Anthropic.MessageCreateParamsNonStreaming = {
    model: ask.model,
    max_tokens: 1_000,
    system: 'Be brief.',
    messages: anthropicMessages(ask),
    ...(ask.tools
      ? { tools: [{ name: weather.name, description: weather.description, input_schema: weather.schema }] }
      : {}),
  }
  const options = ask.signal ? { signal: ask.signal } : {}
  if (!ask.stream) return anthropicHeard(await sdk.messages.create(body, options), 1)
  const stream = sdk.messages.stream(body, options)
  let pieces = 0
  stream.on('text', () => {
    pieces++
    ask.onText?.()
  })
  return anthropicHeard(await stream.finalMessage(), pieces)
}

function anthropicHeard(message: Anthropic.Message, pieces: number): Heard {
  const { usage } = message
  return {
    text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    calls: message.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, args: block.input }] : [],
    ),
    stop: message.stop_reason,
    input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
    output: usage.output_tokens,
    pieces,
  }
}

function anthropicMessages({ text, image, results }: Ask): Anthropic.MessageParam[] {
  const content: string | Anthropic.ContentBlockParam[] =
    image === undefined
      ? text
      : [
          { type: 'text', text },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
        ]
  const turns: Anthropic.MessageParam[] = [{ role: 'user', content }]
  if (results === undefined) return turns
  return [
    ...turns,
    {
      role: 'assistant',
      content: results.map(({ call }) => ({ type: 'tool_use', id: call.id, name: call.name, input: call.args })),
    },
    {
      role: 'user',
      content: results.map(({ call, result }) => ({ type: 'tool_result', tool_use_id: call.id, content: result })),
    },
  ]
}

/** The word each SDK knows for a reason to stop. */
export const stops = {
  end: { openai: 'stop', anthropic: 'end_turn' },
  tools: { openai: 'tool_calls', anthropic: 'tool_use' },
} as const
