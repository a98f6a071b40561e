// What a flight makes of undici's calls where no real socket gives the order by chance.
import { expect, test } from 'vitest'
import type { TransportFailure } from './transport.ts'
import { UndiciFlight } from './undici-flight.ts'
import { streamed } from './upstream.test.kit.ts'

const controller = {
  aborted: false,
  paused: false,
  reason: null,
  abort: () => {},
  pause: () => {},
  resume: () => {},
}

function recordedFlight() {
  const calls: string[] = []
  const leftovers: string[] = []
  const flight = new UndiciFlight(
    streamed,
    {
      head: () => calls.push('head'),
      data: () => calls.push('data'),
      end: () => calls.push('end'),
      fail: (failure: TransportFailure) => calls.push(`fail ${failure.kind}`),
    },
    (_flight, leftover) => leftovers.push(leftover),
  )
  return { flight, calls, leftovers }
}

test('an idle socket that breaks before the request is sent on another one does not spoil the answer', () => {
  const { flight, calls, leftovers } = recordedFlight()
  flight.socketBroke(new Error('unsolicited bytes'))
  flight.onRequestStart(controller)
  flight.onResponseStart(controller, 200, {})
  flight.onResponseEnd()
  expect(calls).toEqual(['head', 'end'])
  expect(leftovers).toEqual(['clean'])
})

test('a socket that breaks under the answer makes its end a reset, once', () => {
  const { flight, calls, leftovers } = recordedFlight()
  flight.onRequestStart(controller)
  flight.onResponseStart(controller, 200, {})
  flight.socketBroke(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }))
  flight.onResponseEnd()
  flight.onResponseError(controller, new Error('late'))
  flight.destroy()
  expect(calls).toEqual(['head', 'fail reset'])
  expect(leftovers).toEqual(['spoilt'])
})
