// F51: a receiver of traces that is down, slow, refusing or restarted: requests go on, memory stays, what was lost is counted.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../kit/service.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { chatBody, eventually, logLines, metricsOf, paths, post } from './asking.ts'

let open: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of open.toReversed()) await close()
  open = []
})

type Answer = (response: ServerResponse, request: IncomingMessage) => void
const taken: Answer = (response) => void response.writeHead(200).end('{}')

interface Receiver {
  readonly url: string
  /** Spans in the requests that came, repeated ones too. */
  spans(): number
  readonly bodies: string[]
  /** When each of them was there. */
  readonly timesMs: number[]
  setAnswer(answer: Answer): void
  stop(): Promise<void>
}

async function startReceiver(first: Answer = taken, port = 0): Promise<Receiver> {
  const bodies: string[] = []
  const timesMs: number[] = []
  let answer = first
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => void (body += piece.toString()))
    request.on('end', () => {
      bodies.push(body)
      timesMs.push(performance.now())
      answer(response, request)
    })
  })
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  open.push(() => (server.listening ? stop() : undefined))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => bodies.reduce((sum, body) => sum + body.split('"spanId"').length - 1, 0),
    bodies,
    timesMs,
    setAnswer: (next) => void (answer = next),
    stop,
  }
}

async function start(otlp: string, more = ''): Promise<Simulated> {
  const yaml = `telemetry: { traces: { otlp: "${otlp}", interval: 20ms, ${more} } }\naudit: { durability: async }`
  const simulated = await startSimulated({ yaml, simulator: { record: false } })
  open.push(() => simulated.stop())
  return simulated
}

async function ask({ service }: Simulated, times: number): Promise<number> {
  let well = 0
  for (let at = 0; at < times; at += 10) {
    const answers = Array.from({ length: Math.min(10, times - at) }, () =>
      post(service.url, paths.openai, chatBody('openai/echo')),
    )
    for (const { status } of await Promise.all(answers)) if (status === 200) well += 1
  }
  return well
}

async function figure({ service }: Simulated, name: string): Promise<number> {
  const text = await metricsOf(service)
  const line = text.split('\n').find((one) => one.startsWith(name))
  return Number(line?.slice(line.lastIndexOf(' ') + 1) ?? 0)
}

const count = (simulated: Simulated, outcome: string): Promise<number> =>
  figure(simulated, `ai_trace_spans_total{outcome="${outcome}"}`)
const waiting = (simulated: Simulated): Promise<number> => figure(simulated, 'ai_queue_depth{queue="traces"}')
const said = ({ service }: Simulated, message: string): number =>
  logLines(service).filter((line) => line['message'] === message).length

test('F51 where nobody listens every request is answered, the oldest spans are dropped, and it is said once', async () => {
  const simulated = await start(`http://127.0.0.1:${await freePort()}`, 'queue: 50')
  expect(await ask(simulated, 200)).toBe(200)
  expect(await waiting(simulated)).toBeLessThanOrEqual(50)
  // 400 spans, of which 50 wait and at most one batch is on its way.
  expect(await count(simulated, 'dropped')).toBeGreaterThan(0)
  expect(await figure(simulated, 'ai_telemetry_dropped_total{signal="traces"}')).toBe(await count(simulated, 'dropped'))
  await eventually(() => said(simulated, 'traces are not delivered') > 0, 'it is said')
  expect(said(simulated, 'traces are not delivered')).toBe(1)
})

test('F51 a receiver that never answers holds up no request, and no more waits than may', async () => {
  const receiver = await startReceiver(() => undefined)
  const simulated = await start(receiver.url, 'queue: 100, timeout: 300ms')
  expect(await ask(simulated, 500)).toBe(500)
  expect(await waiting(simulated)).toBeLessThanOrEqual(100)
  // 1,000 spans, of which 100 wait and one request is on its way.
  expect(await count(simulated, 'dropped')).toBeGreaterThan(200)
  await eventually(() => said(simulated, 'traces are not delivered') === 1, 'it is said')
})

test.each([429, 503])(
  'F51 %i with retry-after is sent again, the same spans, when the receiver says',
  async (status) => {
    const receiver = await startReceiver((response) => void response.writeHead(status, { 'retry-after': '1' }).end())
    const simulated = await start(receiver.url)
    await ask(simulated, 1)
    await eventually(() => receiver.bodies.length === 1, 'the first trial')
    receiver.setAnswer(taken)
    await eventually(() => receiver.bodies.length === 2, 'the second trial')
    const [first = 0, second = 0] = receiver.timesMs
    expect(second - first).toBeGreaterThan(990)
    expect(receiver.bodies[1]).toBe(receiver.bodies[0])
    await eventually(async () => (await count(simulated, 'exported')) === 2, 'both spans are counted')
    await eventually(() => said(simulated, 'traces are delivered again') === 1, 'it is said')
  },
)

test('F51 a receiver that is restarted gets what waited', async () => {
  const first = await startReceiver()
  const simulated = await start(first.url)
  await ask(simulated, 5)
  await eventually(() => first.spans() === 10, 'spans before')
  await first.stop()
  await ask(simulated, 20)
  await eventually(() => said(simulated, 'traces are not delivered') === 1, 'it is away')
  const second = await startReceiver(taken, Number(new URL(first.url).port))
  await ask(simulated, 5)
  await eventually(async () => (await count(simulated, 'exported')) === 60, 'all of them')
  // What was on its way when the first one died may have come twice; nothing is missing.
  expect(first.spans() + second.spans()).toBeGreaterThanOrEqual(60)
  expect(await count(simulated, 'dropped')).toBe(0)
})

test('F51 a receiver that will not have them costs the spans and nothing else', async () => {
  const receiver = await startReceiver((response) => void response.writeHead(401).end('{"message":"who are you?"}'))
  const simulated = await start(receiver.url)
  expect(await ask(simulated, 10)).toBe(10)
  await eventually(async () => (await count(simulated, 'refused')) === 20, 'they are counted')
  await eventually(() => said(simulated, 'traces are not delivered') === 1, 'it is said')
  const line = logLines(simulated.service).find(({ message }) => message === 'traces are not delivered')
  expect(line).toMatchObject({ level: 'warn', otlp: receiver.url, reason: 'answered with status 401' })
})

test('F51 F28 at the end of a drain what waits is sent', async () => {
  const receiver = await startReceiver()
  const simulated = await start(receiver.url, 'queue: 1000')
  await ask(simulated, 30)
  simulated.service.signal('SIGTERM')
  expect(await simulated.service.exited).toBe(0)
  expect(receiver.spans()).toBe(60)
})

test('F51 F28 a receiver that never answers holds an end up for no longer than five seconds', async () => {
  const receiver = await startReceiver(() => undefined)
  const simulated = await start(receiver.url)
  await ask(simulated, 3)
  await eventually(() => receiver.bodies.length > 0, 'an export is under way')
  const askedMs = Date.now()
  simulated.service.signal('SIGTERM')
  expect(await simulated.service.exited).toBe(0)
  expect(Date.now() - askedMs).toBeGreaterThan(4_000)
  expect(Date.now() - askedMs).toBeLessThan(15_000)
})
