// Audit metadata per request, which the seed only plans: who asked, for what, where it went, how it ended, at what cost.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatBody, eventually, paths, post } from '../faults/asking.ts'
import { type AuditPlace, auditPlace, unpaired } from '../kit/audit-trail.ts'
import { startPostgres } from '../kit/postgres.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { needs } from '../require.ts'

/** RFC 8785, written here once more: the test must not agree with the service's own mistakes. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

describe('every request has its metadata', () => {
  let place: AuditPlace
  let simulated: Simulated
  beforeAll(async () => {
    place = auditPlace()
    simulated = await startSimulated({ yaml: place.yaml })
  })
  afterAll(async () => {
    await simulated.stop()
    place.remove()
  })

  it('a start before the answer, an end behind it, with all fields', async () => {
    const { service } = simulated
    const body = chatBody('openai/gpt-4o-mini', 'ping', { tools: [] })
    const headers = { 'x-ai-user': 'alice', 'x-ai-tags': '{"project":"search"}' }
    const answer = await post(service.url, paths.openai, body, headers)
    expect(answer.status).toBe(200)
    const id = answer.headers.get('x-request-id')
    await eventually(() => unpaired(place.records()).open.length === 0, 'the end is written')
    const [start, end] = place.records().filter(({ request_id }) => request_id === id)
    expect(start).toMatchObject({
      kind: 'start',
      actor: { user: 'alice' },
      route: '/v1/chat/completions',
      dialect: 'openai-chat',
      model: { asked: 'openai/gpt-4o-mini' },
      message_count: 1,
      tools_count: 0,
      stream: false,
      tags: { project: 'search' },
      config_version: expect.stringMatching(/^[0-9a-f]{12}$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    expect(end).toMatchObject({
      kind: 'end',
      provider: 'openai',
      endpoint: 'openai',
      model: { asked: 'openai/gpt-4o-mini', used: 'gpt-4o-mini' },
      key_fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
      attempts: [expect.objectContaining({ provider: 'openai', outcome: 'answered', ms: expect.any(Number) })],
      tokens: expect.objectContaining({ input: expect.any(Number), output: expect.any(Number) }),
      usage_source: 'reported',
      cost_usd: expect.any(Number),
      latency_ms: expect.any(Number),
      outcome: 'completed',
    })
  })

  it('streams have their time to the first token, failures their code', async () => {
    const { service, openai } = simulated
    const stream = await post(service.url, paths.openai, chatBody('openai/gpt-4o', 'x', { stream: true }))
    openai.setDefault({ kind: 'status', status: 503 })
    const failed = await post(service.url, paths.openai, chatBody('openai/gpt-4o'))
    openai.setDefault(undefined)
    await eventually(() => unpaired(place.records()).open.length === 0, 'the ends are written')
    const endOf = (id: string | null) =>
      place.records().find((record) => record.kind === 'end' && record.request_id === id)
    expect(endOf(stream.headers.get('x-request-id'))).toMatchObject({ stream: true, ttft_ms: expect.any(Number) })
    expect(endOf(failed.headers.get('x-request-id'))).toMatchObject({
      outcome: 'failed',
      error_code: 'provider_overloaded',
      attempts: expect.arrayContaining([expect.objectContaining({ outcome: 'overloaded', status: 503 })]),
    })
  })

  it('records are a chain that anybody can check', async () => {
    const records = place.records()
    let previous = '0'.repeat(64)
    for (const { hash, ...rest } of records) {
      expect(rest['prev_hash']).toBe(previous)
      expect(createHash('sha256').update(canonical(rest)).digest('hex')).toBe(hash)
      previous = String(hash)
    }
  })

  it('tail, export and verify work beside the running service, and name what somebody changed', async () => {
    expect((await place.audit('tail', '--lines', '1', '--json')).out).toMatch(/^\{"action|^\{"actor/)
    const exported = `${place.folder}/export.jsonl`
    expect((await place.audit('export', '--file', exported)).code).toBe(0)
    expect((await place.audit('verify', '--file', exported)).code).toBe(0)
    expect((await place.audit('verify')).code).toBe(0)
    place.tamper(`UPDATE audit_records SET record = replace(record, 'alice', 'mallory') WHERE seq = 2`)
    const { code, out } = await place.audit('verify')
    expect(code).toBe(1)
    expect(out).toContain('record 2 was altered')
  })
})

needs('postgres')('the same in PostgreSQL', () => {
  it('records, and goes on while the database is away', async () => {
    const postgres = await startPostgres()
    const url = await postgres.createDatabase()
    const simulated = await startSimulated({ yaml: `stores: { database: "${url}" }` })
    try {
      const ask = () => post(simulated.service.url, paths.openai, chatBody('openai/gpt-4o'))
      expect((await ask()).status).toBe(200)
      await postgres.kill()
      expect((await ask()).status).toBe(200)
      expect((await fetch(`${simulated.service.url}/health/ready`)).status).toBe(200)
      await postgres.start()
      const count = async (): Promise<unknown> =>
        (await postgres.query(url, "SELECT count(*)::int AS n FROM audit_records WHERE kind <> 'admin'"))[0]?.['n']
      await eventually(async () => (await count()) === 4, 'all four records are there', 20_000)
    } finally {
      await simulated.stop()
      await postgres.stop()
    }
  }, 60_000)
})
