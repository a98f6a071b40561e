// An instance whose PostgreSQL goes away: records wait in the spool, then in memory, then find no room.
import { chatBody, paths, post } from '../../faults/asking.ts'
import { startPostgres } from '../../kit/postgres.ts'
import { startService } from '../../kit/service.ts'
import { Loops, type Part, targetOf } from './part.ts'

/** As much as a record may carry, so that few requests fill what there is. */
const tags = JSON.stringify(
  Object.fromEntries(Array.from({ length: 32 }, (_, at) => [`t${at}`, `${'word '.repeat(50)}`])),
)

export async function startSpooling(): Promise<Part> {
  const postgres = await startPostgres()
  const service = await startService({
    yaml: `providers: { simulator: {} }
stores: { database: "${await postgres.createDatabase()}" }
audit: { whenAway: allow, durability: async, sinks: [ { kind: store, spool: 8MiB } ] }
`,
  })
  const ask = () => post(service.url, paths.openai, chatBody('simulator/echo'), { 'x-ai-tags': tags })
  await ask()
  const loops = new Loops()
  return {
    target: targetOf('spooling', service),
    begin(hasFired) {
      loops.every(1, async (turn) => {
        if (turn === 0) await postgres.kill()
        // The spool has room for this long.
        const isSpooling = await hasFired('AiServiceAuditSpooling', 'spooling')
        await Promise.all(Array.from({ length: isSpooling ? 32 : 1 }, ask))
      })
      loops.stopOnce(() => hasFired('AiServiceAuditRecordsLost', 'spooling'))
    },
    async stop() {
      await loops.stop()
      await service.stop()
      await postgres.stop()
    },
  }
}
