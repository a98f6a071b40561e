// The running service in front of a simulator that replays what a request asks for: requests may run side by side.
import { type Behaviour, type RecordedRequest, type Simulator, startSimulator } from 'ai-simulator'
import { type RunningService, startService } from '../kit/service.ts'
import type { Recording } from './recordings.ts'

/** Which configured provider gave the recordings of a folder. */
const providers: Readonly<Record<string, string>> = {
  alibaba: 'qwen',
  'deepseek-chat': 'deepseek',
  groq: 'groq',
  mistral: 'mistral',
  moonshotai: 'moonshot',
  'openai-chat': 'openai',
  'openai-completion': 'openai',
  'openai-embedding': 'openai',
  'openai-compatible-chat': 'compatible',
  openai: 'openai',
  perplexity: 'perplexity',
  azure: 'azure-openai',
  xai: 'xai',
}

export function providerOf({ source }: Recording): string {
  return providers[source] ?? 'anthropic'
}

/** A model that the provider knows by the same name, so that nothing has to be spliced. */
export function modelOf(recording: Recording): string {
  return `wire-${providerOf(recording)}`
}

export interface Replayed {
  readonly service: RunningService
  readonly simulator: Simulator
  /** Arms an answer; the text that a request must carry somewhere to get it. */
  arm(behaviour: Behaviour): string
  /** The request that got this answer, as it came upstream. */
  requestOf(mark: string): RecordedRequest | undefined
  stop(): Promise<void>
}

export async function startReplayed(): Promise<Replayed> {
  const armed = new Map<string, Behaviour>()
  const came = new Map<string, RecordedRequest>()
  const simulator = await startSimulator({
    onRequest(request) {
      const mark = /replay-\d+-/.exec(request.body.toString('latin1'))?.[0] ?? ''
      came.set(mark, request)
      return armed.get(mark)
    },
  })
  const service = await startService({
    yaml: yamlOf(simulator),
    server: '  maxRetries: 0',
    env: { TEST_KEY: 'test-key-0123456789' },
  })
  return {
    service,
    simulator,
    arm(behaviour) {
      const mark = `replay-${armed.size}-`
      armed.set(mark, behaviour)
      return mark
    },
    requestOf: (mark) => came.get(mark),
    async stop() {
      await service.stop()
      await simulator.close()
    },
  }
}

function yamlOf(simulator: Simulator): string {
  const names = [...new Set(Object.values(providers))]
  const rest = 'private: true, keys: [ { secret: env:TEST_KEY } ]'
  return [
    'providers:',
    ...names.map((name) => {
      const kind = name === 'compatible' ? 'kind: openai-compatible, ' : ''
      return `  ${name}: { ${kind}baseUrl: ${simulator.url}/v1, ${rest} }`
    }),
    `  anthropic: { baseUrl: ${simulator.url}, ${rest} }`,
    'models:',
    ...[...names, 'anthropic'].flatMap((name) => [
      `  wire-${name}: { endpoints: [ { name: only, provider: ${name}, model: wire-${name} } ] }`,
      `  other-${name}: { endpoints: [ { name: only, provider: ${name}, model: wire-${name} } ] }`,
    ]),
  ].join('\n')
}

/** A recording as the provider sent it. */
export function replay({ stream, bytes }: Recording, splitEveryBytes?: number): Extract<Behaviour, { kind: 'raw' }> {
  return {
    kind: 'raw',
    status: 200,
    headers: { 'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json' },
    chunks: [bytes],
    ...(splitEveryBytes === undefined ? {} : { splitEveryBytes }),
    contentLength: !stream,
  }
}

export interface Got {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

export async function post({ url }: RunningService, path: string, body: string | Buffer): Promise<Got> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: new Uint8Array(Buffer.from(body)),
  })
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) }
}

/** A chat request that asks for usage itself, spelled as no serializer would spell it. */
export function openAiRequest(model: string, mark: string, stream: boolean): string {
  const options = stream ? '\n  "stream" : true, "stream_options": { "include_usage" :true },' : ''
  return `{ "model":${JSON.stringify(model)},${options}\r\n\t"messages": [ {"content":"\\u0068i ${mark} \\ud83d\\ude00 é/\\/","role":"user" } ],\n "temperature": 1.0e0, "x_unknown":{"z":1,"a":[1.50,-0.0]} }\n`
}

/** A messages request, spelled likewise. */
export function anthropicRequest(model: string, mark: string, stream: boolean): string {
  const options = stream ? ' "stream" : true,' : ''
  return `{ "max_tokens" : 1024,${options} "model":${JSON.stringify(model)},\r\n\t"messages": [ {"content":"\\u0068i ${mark} \\ud83d\\ude00","role":"user" } ] }\n`
}
