// The pump over real sockets, with a stream that the test pushes by hand: back-pressure, endings, and clients that leave.
import type { OpenStream, StreamConsumer } from 'ai-lib/internal/attempts/attempt-call'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { operations } from 'ai-lib/internal/dialects/registry'
import { createPassLane } from 'ai-lib/internal/lanes/pass'
import { describe, expect, it } from 'vitest'
import { Pump, type PumpBounds, type PumpEnd } from './pump.ts'
import { serve, type Wire } from './sockets.test.kit.ts'

class PushedStream implements OpenStream<Buffer> {
  readonly lane = createPassLane(operations.chat.wire, false)
  readonly calls: string[] = []
  #consumer: StreamConsumer<Buffer> | undefined
  attach(consumer: StreamConsumer<Buffer>): void {
    this.#consumer = consumer
  }
  pause(): void {
    this.calls.push('pause')
  }
  resume(): void {
    this.calls.push('resume')
  }
  destroy(): void {
    this.calls.push('destroy')
  }
  get to(): StreamConsumer<Buffer> {
    if (!this.#consumer) throw new Error('nobody is attached')
    return this.#consumer
  }
  push(text: string): void {
    this.to.data(Buffer.from(text))
  }
}

interface Pumping {
  readonly stream: PushedStream
  readonly pump: Pump
  readonly wire: Wire
  readonly ended: Promise<PumpEnd & { readonly times: { readonly pieces: number } }>
}

async function pumping(
  bounds: Partial<PumpBounds> = {},
  before: (wire: Wire) => void = () => undefined,
): Promise<Pumping> {
  const begun = Promise.withResolvers<Omit<Pumping, 'wire'>>()
  const { dial } = await serve((_request, response) => {
    response.startStream(200, ['content-type', 'text/event-stream'])
    const stream = new PushedStream()
    const closing = (error: AiError): Uint8Array => Buffer.from(`event: error\ndata: ${error.code}\n\n`)
    const pump = new Pump(response, stream, {
      writeStallMs: 10_000,
      pingMs: 60_000,
      closing,
      scrub: (text) => text,
      ...bounds,
    })
    response.onGone = () => pump.left()
    begun.resolve({ stream, pump, ended: pump.run() })
  })
  const wire = await dial()
  before(wire)
  wire.socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  return { ...(await begun.promise), wire }
}

/** Pushes until the client's side and the system's buffers take no more; gives how many pieces that were. */
async function stalled(stream: PushedStream): Promise<number> {
  for (let pieces = 1; pieces < 500; pieces++) {
    stream.push(`data: ${'x'.repeat(256 * 1024)}\n\n`)
    if (stream.calls.at(-1) !== 'pause') continue
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (stream.calls.at(-1) === 'pause') return pieces
  }
  throw new Error('It never stalled.')
}

const lastChunk = '0\r\n\r\n'
const truncated = { phase: 'mid-stream', code: 'truncated', charged: 'unknown' } as const

describe('the pump', () => {
  it('sends the head at once, then what comes, then the end', async () => {
    const { stream, wire, ended } = await pumping()
    await wire.until((text) => text.includes('\r\n\r\n'))
    stream.push('data: one\n\n')
    await wire.until((text) => text.includes('data: one\n\n'))
    stream.push('data: two\n\n')
    stream.to.ended()
    expect(await ended).toMatchObject({ kind: 'completed', times: { pieces: 2 } })
    expect((await wire.until((text) => text.endsWith(lastChunk))).match(/data: \w+/g)).toEqual([
      'data: one',
      'data: two',
    ])
  })

  it("ends a failure with the dialect's error event, after what came", async () => {
    const { stream, wire, ended } = await pumping()
    stream.push('data: one\n\n')
    stream.to.failed(truncated)
    const end = await ended
    expect(end.kind === 'failed' && end.error.code).toBe('provider_truncated')
    const text = await wire.until((said) => said.endsWith(lastChunk))
    expect(text.indexOf('provider_truncated')).toBeGreaterThan(text.indexOf('data: one'))
  })

  it('an interruption of ours lets the upstream go and tells the client, once', async () => {
    const { stream, pump, wire, ended } = await pumping()
    stream.push('data: one\n\n')
    pump.interrupt(new AiError('service_draining'))
    pump.interrupt(new AiError('service_draining'))
    expect(await ended).toMatchObject({ kind: 'failed' })
    expect(stream.calls).toContain('destroy')
    const text = await wire.until((said) => said.endsWith(lastChunk))
    expect(text.match(/service_draining/g)).toHaveLength(1)
    stream.push('data: late\n\n')
    stream.to.ended()
    expect(wire.text()).not.toContain('late')
  })

  it('a client that leaves takes the upstream down', async () => {
    const { stream, wire, ended } = await pumping()
    stream.push('data: one\n\n')
    await wire.until((text) => text.includes('one'))
    wire.socket.destroy()
    expect(await ended).toMatchObject({ kind: 'cancelled', times: { pieces: 1 } })
    expect(stream.calls).toEqual(['destroy'])
    stream.push('data: late\n\n')
    stream.to.failed(truncated)
  })

  it('holds the upstream up while the client does not read, and lets it go on after', async () => {
    const { stream, wire, ended } = await pumping({}, ({ socket }) => socket.pause())
    const pieces = await stalled(stream)
    const before = stream.calls.length
    wire.socket.resume()
    while (stream.calls.length === before) await new Promise((resolve) => setTimeout(resolve, 2))
    expect(stream.calls.at(-1)).toBe('resume')
    stream.to.ended()
    expect(await ended).toMatchObject({ kind: 'completed', times: { pieces } })
    const text = await wire.until((said) => said.endsWith(lastChunk))
    expect(text.split('data: x').length - 1).toBe(pieces)
  })

  it('lets a client go that does not read for longer than it may', async () => {
    const { stream, wire, ended } = await pumping({ writeStallMs: 200 }, ({ socket }) => socket.pause())
    await stalled(stream)
    expect(await ended).toMatchObject({ kind: 'cancelled' })
    expect(stream.calls.at(-1)).toBe('destroy')
    wire.socket.resume()
    await wire.closed
  })

  it('sends comments through a long silence, and none into a flowing stream', async () => {
    const { stream, wire } = await pumping({ pingMs: 30 })
    await wire.until((text) => (text.match(/^: /gm) ?? []).length >= 3)
    stream.push('data: one\n\n')
    stream.to.ended()
    await wire.until((text) => text.endsWith(lastChunk))
    const busy = await pumping({ pingMs: 60_000 })
    busy.stream.push('data: one\n\n')
    busy.stream.to.ended()
    expect(await busy.wire.until((text) => text.endsWith(lastChunk))).not.toMatch(/^: /m)
  })
})
