// The strict OTLP receiver (tools/otlp-receiver) on a free port, and what it took or refused.
import { spawn } from 'node:child_process'
import { eventually } from '../faults/asking.ts'
import { programPath } from '../require.ts'

export interface TakenSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId?: string
  readonly traceState?: string
  readonly flags: number
  readonly name: string
  readonly kind: 'SPAN_KIND_SERVER' | 'SPAN_KIND_CLIENT'
  readonly startNano: string
  readonly endNano: string
  readonly status: 'STATUS_CODE_UNSET' | 'STATUS_CODE_OK' | 'STATUS_CODE_ERROR'
  readonly attributes: Readonly<Record<string, unknown>>
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: string
}

export interface OtlpReceiver {
  readonly url: string
  spans(): readonly TakenSpan[]
  /** Why requests were refused; empty is as it should be. */
  refusals(): readonly string[]
  /** The server span of a request, and those of its attempts, once they have come. */
  exchange(requestId: string): Promise<{ readonly server: TakenSpan; readonly attempts: readonly TakenSpan[] }>
  stop(): Promise<void>
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const program = programPath('otlp-receiver')
  if (program === undefined) throw new Error('otlp-receiver is not built')
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  await eventually(() => text.includes('\n'), 'the receiver listens')
  // The last piece is empty, or a line that is still being written.
  const lines = (): unknown[] =>
    text
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as unknown)
  const isRefusal = (line: unknown): line is { readonly refused: string } =>
    typeof line === 'object' && line !== null && 'refused' in line
  const spans = (): TakenSpan[] => lines().filter((line) => !isRefusal(line)) as TakenSpan[]
  return {
    url: `http://${text.split('\n')[0]?.split(' ')[1]}`,
    spans,
    refusals: () =>
      lines()
        .filter(isRefusal)
        .map(({ refused }) => refused),
    async exchange(requestId) {
      const find = () => spans().find(({ attributes }) => attributes['ai_service.request_id'] === requestId)
      await eventually(() => find() !== undefined, `the spans of ${requestId}`)
      const server = find()
      if (server === undefined) throw new Error('it was there')
      const attempts = () => spans().filter(({ parentId }) => parentId === server.spanId)
      const count = server.attributes['ai_service.attempts']
      await eventually(() => attempts().length === count, `${String(count)} attempts of ${requestId}`)
      return { server, attempts: attempts() }
    },
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
