// The written reference pages name what the code has, and nothing that it has not.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { requestFields } from '../packages/ai-service/src/telemetry/request-fields.ts'

function page(name: string): string {
  return readFileSync(new URL(`../docs/reference/${name}`, import.meta.url), 'utf8')
}

/** What stands in backquotes in the first column of a section's tables. */
function named(text: string, heading: string): ReadonlySet<string> {
  const [, section = ''] = text.split(`## ${heading}\n`)
  const cells = section
    .split('\n## ')[0]
    ?.match(/^\| `[^|]+/gm)
    ?.join('')
  return new Set([...(cells ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

test('log.md has every field of the request line', () => {
  const summary = {
    requestId: 'req_1',
    dialect: 'openai-chat',
    route: '/v1/chat/completions',
    status: 200,
    outcome: 'completed',
    attempts: [],
    durationMs: 1,
    overheadMs: 1,
    losses: [],
    stream: false,
  } as const
  const fields = Object.keys(requestFields(summary, (text) => text, 'info', 'now'))
  expect([...named(page('log.md'), 'The line of a request')].toSorted()).toEqual(fields.toSorted())
})
