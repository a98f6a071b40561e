// The canary's short form for an audit trail in PostgreSQL: every row of every table, as text and with its bytes in hex.
import { startSimulator } from 'ai-simulator'
import { expect, onTestFinished, test } from 'vitest'
import { chatBody, post } from '../faults/asking.ts'
import { type Postgres, startPostgres } from '../kit/postgres.ts'
import { startService } from '../kit/service.ts'
import { needs } from '../require.ts'
import { type Fault, faults } from './canary/faults.ts'
import { hitsIn, planted } from './canary/secrets.ts'

async function rowsOf(postgres: Postgres, url: string): Promise<string> {
  const tables = await postgres.query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
  const rows = await Promise.all(
    tables.map(({ tablename }) => postgres.query(url, `SELECT t::text AS row FROM "${String(tablename)}" t`)),
  )
  return rows
    .flat()
    .map(({ row }) => String(row))
    .join('\n')
}

needs('postgres')('T17 an audit trail in PostgreSQL', () => {
  test('holds no secret, neither of ours nor of those that callers write about themselves', async () => {
    let fault: Fault = () => undefined
    const upstream = await startSimulator({ onRequest: (request) => fault(request) })
    const postgres = await startPostgres()
    const database = await postgres.createDatabase()
    const service = await startService({
      yaml: [
        `providers: { openai: { baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:KEY } ] } }`,
        'stores: { database: env:DATABASE }\n',
      ].join('\n'),
      env: {
        KEY: planted.openaiKey.value,
        DATABASE: database.replace('test@', `test:${encodeURIComponent(planted.storePassword.value)}@`),
      },
    })
    onTestFinished(async () => {
      await service.stop()
      await upstream.close()
      await postgres.stop()
    })
    for (const [at, next] of faults.entries()) {
      fault = next
      if (at % 4 !== 0) continue
      await post(service.url, '/v1/chat/completions', chatBody('openai/echo', planted.prompt.value), {
        'x-ai-user': planted.openaiKey.value,
        'x-ai-tags': `team=${planted.openaiKey.value}`,
      })
    }
    await service.stop()
    const rows = await rowsOf(postgres, database)
    expect(rows).toContain('/v1/chat/completions')
    expect(rows).toContain('[redacted:secret:')
    expect(hitsIn({ rows, log: service.output() }, planted)).toEqual([])
  }, 120_000)
})
