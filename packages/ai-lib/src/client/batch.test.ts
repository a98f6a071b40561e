// A batch is bounded, keeps its order, and lets one failure cost nobody else anything.
import { expect, test } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import { runBatch } from './batch.ts'
import type { ChatCompletionRequest, ChatCompletionResponse } from './chat-completion.ts'
import { completionOf } from './chat-completion.ts'
import { noUsage } from '../chat/usage.ts'

function answer(text: string): ChatCompletionResponse {
  const message = {
    id: 'm',
    model: text,
    parts: [{ type: 'text', text }],
    stop: 'end',
    rawStop: 'stop',
    usage: noUsage,
    isUsageReported: false,
    opaque: [],
  } as const
  return completionOf(message, 'openai', [])
}

const requests: readonly ChatCompletionRequest[] = Array.from({ length: 20 }, (_, index) => ({
  model: `m${index}`,
  messages: [],
}))

test('at most `concurrency` are under way, and results come in the order of requests', async () => {
  let open = 0
  let most = 0
  const results = await runBatch(requests, { concurrency: 3 }, async ({ model = '' }) => {
    most = Math.max(most, ++open)
    // Later ones are faster, so that the order of ends is not the order of requests.
    for (let turn = Number(model.slice(1)); turn < 20; turn++) await Promise.resolve()
    open--
    return answer(model)
  })
  expect(most).toBe(3)
  expect(results.map((result) => result.kind === 'answered' && result.response.firstText())).toEqual(
    requests.map(({ model }) => model),
  )
})

test('one that fails is a value among the others, whatever was thrown', async () => {
  const results = await runBatch(requests.slice(0, 3), {}, async ({ model = '' }) => {
    if (model === 'm0') throw new AiError('provider_overloaded')
    if (model === 'm1') throw new TypeError('a bug')
    return answer(model)
  })
  expect(results.map((result) => (result.kind === 'failed' ? result.error.code : result.kind))).toEqual([
    'provider_overloaded',
    'service_internal',
    'answered',
  ])
})

test('after an abort nothing more begins, and every request still has its result', async () => {
  const abort = new AbortController()
  let begun = 0
  const results = await runBatch(requests, { concurrency: 2, signal: abort.signal }, async ({ model = '' }) => {
    if (++begun === 4) abort.abort()
    return answer(model)
  })
  expect(begun).toBeLessThan(6)
  expect(results).toHaveLength(20)
  expect(results.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'caller_left' } })
})

test.each([0, -1, 1.5, NaN, Infinity])('a concurrency of %d is refused', async (concurrency) => {
  await expect(runBatch(requests, { concurrency }, async () => answer(''))).rejects.toMatchObject({
    code: 'caller_invalid_request',
    details: { param: 'concurrency' },
  })
})

test('no requests are no results', async () => {
  expect(await runBatch([], {}, async () => answer(''))).toEqual([])
})
