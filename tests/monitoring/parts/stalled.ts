// An instance that can keep nothing: its trail is not writable, its backups have nowhere to go, nobody reads its log, and its
// new configuration is broken.
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { chatBody, paths, post } from '../../faults/asking.ts'
import { auditPlace } from '../../kit/audit-trail.ts'
import { configFileOf } from '../../kit/live-config.ts'
import { startService } from '../../kit/service.ts'
import { Loops, type Part, targetOf } from './part.ts'

const full = "CREATE TRIGGER full BEFORE INSERT ON audit_records BEGIN SELECT RAISE(ABORT, 'disk full'); END"

export async function startStalled(): Promise<Part> {
  const place = auditPlace()
  const service = await startService({
    yaml: `providers: { simulator: {} }
${place.yaml}
backup: { enabled: true, interval: 1h, to: "file:${place.path}/below-a-file", encrypt: env:BACKUP_KEY }
`,
    env: { BACKUP_KEY: randomBytes(32).toString('base64') },
  })
  const ask = () => post(service.url, paths.openai, chatBody('simulator/echo'))
  await ask()
  const [loops, flood] = [new Loops(), new Loops()]
  return {
    target: targetOf('stalled', service),
    begin(hasFired) {
      place.tamper(full)
      appendFileSync(configFileOf(service), 'providres: {}\n')
      service.stopReading()
      loops.every(200, ask)
      // A line has up to a few thousand characters of a path, and 4 Mi may wait.
      const long = `/v1/${'no-such-route/'.repeat(500)}`
      for (let index = 0; index < 4; index++) flood.every(1, () => fetch(`${service.url}${long}`))
      flood.stopOnce(() => hasFired('AiServiceTelemetryDropped', 'stalled'))
    },
    async stop() {
      await Promise.all([loops.stop(), flood.stop()])
      await service.stop()
      place.remove()
    },
  }
}
