// Paths that are slow to search for secrets: anybody may send them, so no more is searched than somebody reads.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRaw } from '../faults/raw-socket.ts'
import { type RunningService, startService } from '../kit/service.ts'

let service: RunningService
beforeAll(async () => {
  service = await startService({
    yaml: 'providers:\n  openai: { keys: [ { secret: env:TEST_KEY } ] }',
    env: { TEST_KEY: 'sk-test-openai-0123456789' },
  })
})
afterAll(() => service.stop())

test('T20 of a path of sixteen thousand letters few are searched, told and logged, and no secret in them', async () => {
  const raw = await openRaw(service.url)
  const path = `/${'x'.repeat(190)}sk-test-openai-0123456789/${'secret=a1b2c3d4e5f6/'.repeat(750)}`
  raw.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
  expect(await raw.closed(5_000)).toBe(true)
  expect(raw.text()).toMatch(/^HTTP\/1\.1 404 /)
  expect(raw.text().length).toBeLessThan(2_000)
  expect(raw.text()).not.toContain('sk-test')
  const isLogged = (line: string): boolean => line.includes('caller_route_not_found')
  let line: string | undefined
  while ((line = service.output().split('\n').find(isLogged)) === undefined)
    await new Promise((resolve) => setTimeout(resolve, 10))
  expect(line.length).toBeLessThan(2_000)
  expect(line).not.toContain('sk-test')
})
