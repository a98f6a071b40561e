// Bodies of a megabyte, whose memory is given back as soon as they are sent: what arrives is what was sent, always.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { post } from './asking.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'

let simulated: Simulated
beforeAll(async () => {
  simulated = await startSimulated()
})
afterAll(() => simulated.stop())

/** About a megabyte whose every kilobyte is its own, with an escape now and then. */
function large(mark: string): string {
  const content = Array.from({ length: 1_000 }, (_, index) => `${mark} ${index} "${'é'.repeat(480)}"\n`).join('')
  return JSON.stringify({ model: 'openai/echo', messages: [{ role: 'user', content }] })
}

/** What the upstream got of the request that has the mark, but for the model's name. */
function received(mark: string): string | undefined {
  const found = simulated.openai.requests.findLast(({ body }) => Buffer.from(body).includes(`"content":"${mark} 0 `))
  return found && Buffer.from(found.body).toString().replace('"model":"echo"', '"model":"openai/echo"')
}

test('many at once arrive whole, each its own, and answers are those to them', async () => {
  const marks = Array.from({ length: 24 }, (_, index) => `mark${index}`)
  const answers = await Promise.all(
    marks.map((mark) => post(simulated.service.url, '/v1/chat/completions', large(mark))),
  )
  for (const [index, mark] of marks.entries()) {
    expect(answers[index]?.status).toBe(200)
    expect(received(mark) === large(mark), mark).toBe(true)
  }
})

test('one that has to be sent again is sent whole again', async () => {
  for (const fault of [
    { kind: 'status', status: 503 },
    { kind: 'reset', at: 'head' },
  ] as const) {
    const mark = `again ${fault.kind}`
    simulated.openai.enqueue(fault)
    const answer = await post(simulated.service.url, '/v1/chat/completions', large(mark))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-ai-attempts')).toBe('2')
    expect(received(mark) === large(mark)).toBe(true)
  }
})
