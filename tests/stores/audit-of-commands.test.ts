// Commands beside a service under load: each is on the audit trail, in SQLite and in PostgreSQL, and the chains stay whole.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { chatBody, eventually, post } from '../faults/asking.ts'
import { runCommand } from '../kit/command.ts'
import { type Postgres, startPostgres } from '../kit/postgres.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { needs } from '../require.ts'

async function serve(more = ''): Promise<RunningService> {
  const service = await startService({ yaml: `providers: { simulator: {} }\n${more}` })
  onTestFinished(() => service.stop())
  return service
}

const command = (service: RunningService, line: string) => runCommand(line.split(' '), { cwd: service.folder })

/** Requests without a pause while `work` runs; their answers' codes. */
async function underLoad(service: RunningService, work: () => Promise<void>): Promise<ReadonlySet<number>> {
  const seen = new Set<number>()
  let isOver = false
  const loops = [1, 2, 3].map(async () => {
    while (!isOver) seen.add((await post(service.url, '/v1/chat/completions', chatBody('simulator/echo'))).status)
  })
  try {
    await work()
  } finally {
    isOver = true
    await Promise.all(loops)
  }
  return seen
}

/** Actions of commands in an export, and whether the trail is whole. */
async function lookAt(service: RunningService) {
  const { out } = await command(service, 'audit export')
  const records = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  const actions = records.filter(({ via }) => via === 'command').map(({ action, key_id: id }) => String(id ?? action))
  return { actions: actions.toSorted(), verified: await command(service, 'audit verify') }
}

const ids = ['k1', 'k2', 'k3', 'k4']

async function createAtOnce(service: RunningService): Promise<void> {
  const created = await Promise.all(ids.map((id) => command(service, `keys create --id ${id}`)))
  for (const { code, err } of created)
    expect({ code, err }).toMatchObject({ code: 0, err: expect.not.stringContaining('audit') })
}

describe('with SQLite', () => {
  test('commands at once, while requests are recorded: every one is there, no request fails', async () => {
    const service = await serve()
    expect([...(await underLoad(service, () => createAtOnce(service)))]).toEqual([200])
    const { actions, verified } = await lookAt(service)
    expect(actions).toEqual(['audit.exported', ...ids])
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('The audit trail is whole') })
  }, 60_000)
})

needs('postgres')('with PostgreSQL', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  }, 60_000)
  afterAll(() => postgres.stop())

  test('the same; and while it is away the command says so, does its work and ends well', async () => {
    const service = await serve(`stores: { database: "${await postgres.createDatabase()}" }`)
    expect([...(await underLoad(service, () => createAtOnce(service)))]).toEqual([200])
    await postgres.kill()
    const away = await command(service, 'keys create --id k9')
    expect(away.code).toBe(0)
    expect(away.out).toContain('ais_k9_')
    expect(away.err).toContain('note: key.created is not on the audit trail: ')
    expect((await command(service, 'audit export')).code).toBe(1)
    await postgres.start()
    // What was spooled meanwhile comes once the service has found the way back.
    await eventually(async () => (await command(service, 'audit verify')).code === 0, 'the whole trail', 60_000)
    const { actions, verified } = await lookAt(service)
    expect(actions).toEqual(['audit.exported', ...ids])
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('The audit trail is whole') })
  }, 150_000)
})
