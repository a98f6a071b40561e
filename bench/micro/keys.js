// What a key pool costs a request: a pick, its place among the requests under way, and the word that it answered.
import { KeyRing } from 'ai-lib'
import { microsPer } from './timing.js'

const nobody = new Set()
const ringOf = (count) =>
  new KeyRing(
    Array.from({ length: count }, (_, index) => ({ name: `k${index}`, secret: `sk-${index}`, weight: index + 1 })),
  )

function requestWith(ring) {
  const { pool } = ring
  return () => {
    const key = pool.pick(performance.now(), nobody)
    const hold = pool.holdOf(key)
    hold.take()
    pool.proved(key)
    hold.release()
  }
}

const rotating = ringOf(1)
let value = 0
function rotate() {
  rotating.set('k0', `sk-next-${(value += 1)}`)
  requestWith(rotating)()
}

export const keyBenches = [
  ['key pool: one key', 'request', () => microsPer(1, requestWith(ringOf(1)))],
  ['key pool: ten keys', 'request', () => microsPer(1, requestWith(ringOf(10)))],
  ['key pool: a rotation', 'rotation', () => microsPer(1, rotate)],
]
