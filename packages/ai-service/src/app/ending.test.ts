// Signals and fatal faults while the service starts, serves and drains: one end, with one exit code.
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../redaction/redactor.ts'
import { createLog } from '../telemetry/log.ts'
import type { Drained } from './drain.ts'
import { type DrainDelay, Ending } from './ending.ts'

type Event = 'terminate' | 'interrupt' | 'reload' | 'fatal'

function watched() {
  const listeners = new Map<Event, (thrown: unknown) => void>()
  const destination = { write: () => undefined, droppedLines: 0, close: async () => undefined }
  const log = createLog({ level: 'error', destination, redactor: createRedactor() })
  const ending = new Ending({ on: (event, listener) => void listeners.set(event, listener) }, log)
  const drains: DrainDelay[] = []
  const done = Promise.withResolvers<Drained>()
  let hurries = 0
  const app = {
    drain(delay: DrainDelay) {
      drains.push(delay)
      return { done: done.promise, hurry: () => void hurries++ }
    },
  }
  const drained = (): void => done.resolve({ interrupted: 0, crossed: 0 })
  return {
    ending,
    app,
    drains,
    drained,
    signal: (event: Event) => listeners.get(event)?.(new Error('x')),
    hurries: () => hurries,
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('the end of the service', () => {
  it.each([
    ['terminate', 'delayed', 0],
    ['interrupt', 'at-once', 0],
    ['fatal', 'delayed', 1],
  ] as const)('by %s drains %s and gives %i', async (event, delay, code) => {
    const { ending, app, drains, drained, signal } = watched()
    const over = ending.untilOver(app)
    signal(event)
    expect(drains).toEqual([delay])
    drained()
    expect(await over).toBe(code)
  })

  it('that was asked for while starting comes once the start is through, without a delay', async () => {
    const { ending, app, drains, drained, signal } = watched()
    signal('terminate')
    expect(drains).toEqual([])
    const over = ending.untilOver(app)
    expect(drains).toEqual(['at-once'])
    drained()
    expect(await over).toBe(0)
  })

  it('is not asked for by the same signal come twice, but hurried by a later one', async () => {
    const { ending, app, drains, signal, hurries } = watched()
    void ending.untilOver(app)
    signal('terminate')
    signal('terminate')
    expect([drains.length, hurries()]).toEqual([1, 0])
    await pause(520)
    signal('terminate')
    expect([drains.length, hurries()]).toEqual([1, 1])
  })

  it('gives a start up that does not come to its end, at a second signal', async () => {
    const { ending, signal } = watched()
    signal('terminate')
    await pause(520)
    signal('terminate')
    expect(await ending.givenUp).toBe(0)
  })

  it('is not brought by SIGHUP, whenever it comes', () => {
    const { ending, app, drains, signal } = watched()
    signal('reload')
    void ending.untilOver(app)
    signal('reload')
    expect(drains).toEqual([])
  })
})
