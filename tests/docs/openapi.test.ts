// `/openapi.json` of a running service: there without a credential, valid, and true of the answers that come.
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatBody, isRecord, post } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'

let service: RunningService
let description: Record<string, unknown>

beforeAll(async () => {
  service = await startService({
    yaml: 'providers: { simulator: { kind: simulator } }\nlimits: [{ for: global, requests: 100/1m }]\naudit: { enabled: false }',
  })
  const parsed: unknown = await (await fetch(`${service.url}/openapi.json`)).json()
  description = isRecord(parsed) ? parsed : {}
})

afterAll(() => service.stop())

function at(...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), description)
}

test('it is valid OpenAPI 3.1, with the version of the service', async () => {
  expect(await new Validator().validate(structuredClone(description))).toEqual({ valid: true })
  expect(at('info', 'version')).toMatch(/^\d+\.\d+\.\d+$/)
})

test('it says the same again', async () => {
  const again = await fetch(`${service.url}/openapi.json`)
  expect([again.status, again.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect(await again.json()).toEqual(description)
  expect((await fetch(`${service.url}/openapi.json`, { method: 'HEAD' })).status).toBe(200)
  expect((await fetch(`${service.url}/openapi.json`, { method: 'POST' })).status).toBe(405)
})

test.each([
  ['/v1/chat/completions', 'simulator/echo', '200'],
  ['/v1/messages', 'simulator/echo', '200'],
  ['/v1/chat/completions', 'nowhere/nothing', '404'],
  ['/v1/messages', 'nowhere/nothing', '404'],
])('%s of %s: status and headers of our own are told', async (path, model, status) => {
  const answer = await post(service.url, path, chatBody(model))
  expect(String(answer.status)).toBe(status)
  const response = at('paths', path, 'post', 'responses', status)
  const told = isRecord(response) && isRecord(response['headers']) ? Object.keys(response['headers']) : []
  const ours = [...answer.headers.keys()].filter((name) => name.startsWith('x-'))
  expect(ours.length).toBeGreaterThan(0)
  expect(told).toEqual(expect.arrayContaining(ours))
})

test('the form of errors is the one that comes', async () => {
  const openai = await post(service.url, '/v1/chat/completions', chatBody('nowhere/nothing'))
  const required = at('components', 'schemas', 'OpenAiError', 'properties', 'error', 'required')
  expect(new Set(Object.keys(openai.error))).toEqual(new Set(Array.isArray(required) ? required : []))
  const codes = at('components', 'schemas', 'OpenAiError', 'properties', 'error', 'properties', 'code', 'enum')
  expect(codes).toContain(openai.error.code)
  const anthropic = await post(service.url, '/v1/messages', chatBody('nowhere/nothing'))
  const schema = at('components', 'schemas', 'AnthropicError', 'required')
  expect(new Set(Object.keys(JSON.parse(anthropic.text)))).toEqual(new Set(Array.isArray(schema) ? schema : []))
})

test('the key of nobody and the configuration stand nowhere in it', () => {
  expect(JSON.stringify(description)).not.toContain(new URL(service.url).port)
  expect(JSON.stringify(description)).not.toContain('simulator')
})
