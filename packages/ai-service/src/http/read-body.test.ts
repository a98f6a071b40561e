// Bodies over real sockets: whole, bounded, within the shared budget, and never slower than they may be.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { joinPieces } from 'ai-lib/internal/bytes/pieces'
import { describe, expect, it } from 'vitest'
import { ByteBudget } from '../exchange/byte-budget.ts'
import type { HttpRequest } from './http-request.ts'
import { type BodyBounds, readBody } from './read-body.ts'
import { serve } from './sockets.test.kit.ts'

interface Came {
  readonly body?: string
  readonly pieces?: number
  readonly code?: string
}

/** Sends a head and then these parts, and gives what the service made of them. */
async function send(
  parts: readonly string[],
  more: { bounds?: Partial<BodyBounds>; budget?: ByteBudget; after?: 'leave' | 'abort' } = {},
): Promise<Came & { readonly budget: ByteBudget }> {
  const budget = more.budget ?? new ByteBudget(1_000_000)
  const bounds = { maxBytes: 100_000, baseMs: 5_000, ...more.bounds }
  const abort = new AbortController()
  const came = Promise.withResolvers<Came>()
  const { dial } = await serve((request) => {
    readBody(request, declared(request), bounds, budget, abort.signal).then(
      ({ pieces, lease }) => {
        const body = Buffer.from(joinPieces(pieces)).toString()
        lease.release()
        came.resolve({ body, pieces: pieces.length })
      },
      (thrown: unknown) => came.resolve({ code: thrown instanceof AiError ? thrown.code : String(thrown) }),
    )
  })
  const { socket } = await dial()
  for (const part of parts) {
    socket.write(part)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  if (more.after === 'leave') socket.destroy()
  if (more.after === 'abort') abort.abort()
  return { ...(await came.promise), budget }
}

function declared({ rawHeaders }: HttpRequest): string | undefined {
  const at = rawHeaders.indexOf('content-length')
  return at === -1 ? undefined : rawHeaders[at + 1]
}

const head = 'POST / HTTP/1.1\r\nhost: a\r\n'
const sized = (length: number): string => `${head}content-length: ${length}\r\n\r\n`
const chunked = `${head}transfer-encoding: chunked\r\n\r\n`
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

describe('readBody', () => {
  it('gives a body whole, declared or in chunks, and gives its lease back', async () => {
    for (const parts of [
      [sized(10), '01234', '56789'],
      [chunked, chunk('01234'), chunk('56789'), chunk('')],
    ]) {
      const came = await send(parts)
      expect(came).toMatchObject({ body: '0123456789', pieces: 1 })
      expect(came.budget.heldBytes).toBe(0)
    }
  })

  it('gives an empty body as an empty one', async () => {
    expect(await send([sized(0)])).toMatchObject({ body: '', pieces: 1 })
    expect(await send([head + '\r\n'])).toMatchObject({ body: '' })
  })

  it('refuses a body that declares too much, without reading it', async () => {
    const came = await send([sized(100_001)])
    expect(came.code).toBe('caller_body_too_large')
    expect(came.budget.heldBytes).toBe(0)
    expect((await send([sized(11), '0123456789a'], { bounds: { maxBytes: 11 } })).body).toBe('0123456789a')
  })

  it('refuses a body that turns out too long, at the byte', async () => {
    const parts = [chunked, chunk('0123456789'), chunk('a')]
    const came = await send(parts, { bounds: { maxBytes: 10 } })
    expect(came.code).toBe('caller_body_too_large')
    expect(came.budget.heldBytes).toBe(0)
  })

  it('refuses what the shared budget has no room for, before it is read and while it grows', async () => {
    const budget = new ByteBudget(100)
    const held = budget.lease(60)
    expect((await send([sized(41)], { budget })).code).toBe('service_overloaded')
    expect((await send([chunked, chunk('x'.repeat(30)), chunk('x'.repeat(11))], { budget })).code).toBe(
      'service_overloaded',
    )
    expect(budget.heldBytes).toBe(60)
    expect((await send([sized(40), 'x'.repeat(40)], { budget })).body).toHaveLength(40)
    held?.release()
    expect(budget.heldBytes).toBe(0)
  })

  it('T25 holds room for what has come, not for what was announced', async () => {
    const budget = new ByteBudget(100)
    const stalled = send([sized(90), 'x'], { budget })
    while (budget.heldBytes === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect((await send([sized(50), 'x'.repeat(50)], { budget })).body).toHaveLength(50)
    expect(budget.heldBytes).toBe(1)
    void stalled
  })

  it('lets a dribble go after its time, and gives every KiB a second more', async () => {
    const slow = await send([sized(50), 'x'], { bounds: { baseMs: 40 } })
    expect(slow.code).toBe('caller_body_timeout')
    expect(slow.budget.heldBytes).toBe(0)
    const parts = [sized(5_000), 'x'.repeat(4_096), ...Array.from({ length: 40 }, () => 'x'), 'x'.repeat(864)]
    expect((await send(parts, { bounds: { baseMs: 20 } })).body).toHaveLength(5_000)
  })

  it.each(['leave', 'abort'] as const)('ends when the client leaves, or is left, in the middle (%s)', async (after) => {
    const came = await send([sized(50), 'x'], { after })
    expect(came.code).toBe('caller_left')
    expect(came.budget.heldBytes).toBe(0)
  })

  it('joins what came in many small pieces', async () => {
    const parts = [chunked, ...Array.from({ length: 50 }, () => chunk('x')), chunk('')]
    expect(await send(parts)).toMatchObject({ body: 'x'.repeat(50), pieces: 1 })
  })
})
