// The way down over a real listener: unready at once, finishing what is under way, then ending what is left.
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type Interruptible, OpenExchanges, type OpenPlace } from '../exchange/open-exchanges.ts'
import type { HealthState } from '../http/health.ts'
import { dial, serve } from '../http/sockets.test.kit.ts'
import { type Drain, startDrain } from './drain.ts'

async function draining(delayMs: number, graceMs: number, open = new OpenExchanges()) {
  const { listener, port } = await serve((_request, response) => response.sendWhole(200, [], 'served'))
  const health: HealthState = { readiness: { kind: 'ready' }, missingStores: new Set() }
  const drain = startDrain({ server: listener, health, open, delayMs, graceMs })
  return { listener, port, health, drain, open }
}

const isDone = (drain: Drain): Promise<boolean> => Promise.race([drain.done.then(() => true), tick().then(() => false)])
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

function asked(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
    )
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('error', () => resolve('refused'))
    socket.on('close', () => resolve(text.includes('served') ? 'served' : 'closed'))
  })
}

describe('a drain', () => {
  it('is unready at once and still accepts for its delay, then no more', async () => {
    const { health, port, drain, listener } = await draining(60_000, 60_000)
    expect(health.readiness).toEqual({ kind: 'draining' })
    expect(await asked(port)).toBe('served')
    expect(listener.server.listening).toBe(true)
    drain.hurry()
    await drain.done
    expect(await asked(port)).toBe('refused')
  })

  it('waits for what is under way and interrupts nothing that ends in time', async () => {
    const interrupted: string[] = []
    const exchange: Interruptible = { interrupt: ({ code }) => interrupted.push(code) }
    const open = new OpenExchanges()
    const place = open.add(exchange)
    const { drain } = await draining(0, 60_000, open)
    expect(await isDone(drain)).toBe(false)
    open.delete(place)
    await drain.done
    expect(interrupted).toEqual([])
  })

  it.each(['grace', 'hurry'] as const)('tells what is left when time is up (%s), once each', async (how) => {
    const open = new OpenExchanges()
    const interrupted: string[] = []
    for (const name of ['a', 'b']) {
      const exchange: Interruptible = {
        interrupt({ code }) {
          interrupted.push(`${name} ${code}`)
          open.delete(place)
        },
      }
      const place: OpenPlace = open.add(exchange)
    }
    const { drain } = await draining(0, how === 'grace' ? 40 : 60_000, open)
    if (how === 'hurry') drain.hurry()
    await drain.done
    expect(interrupted).toEqual(['a service_draining', 'b service_draining'])
  })

  it('serves whoever has just connected or was told nothing yet, and counts a request that crosses the end of its connection', async () => {
    const { drain, port, listener } = await draining(1_500, 60_000)
    const crossing = await dial(port)
    // Its own end stays open: what it sends after ours was on its way as we closed.
    crossing.socket.allowHalfOpen = true
    const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    crossing.socket.once('end', () => crossing.socket.write(request))
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const fresh = await dial(port)
    while (listener.server.listening) await new Promise((resolve) => setTimeout(resolve, 5))
    fresh.socket.write(request)
    expect(await fresh.until((text) => text.includes('served'))).toContain('connection: close')
    expect(await drain.done).toEqual({ interrupted: 0, crossed: 1 })
    expect(crossing.text()).toBe('')
  })

  it('closes connections that idle, and those that never end', async () => {
    const { drain, port } = await draining(100, 100)
    const socket = connect(port, '127.0.0.1')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    await drain.done
    await closed
  })
})
