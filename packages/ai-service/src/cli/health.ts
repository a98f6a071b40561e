// `ai-service health`: exit code 0 where the running service is ready, 1 where it is not; for container probes.
import { askSelf } from './ask-self.ts'
import { type CliParts, EXIT } from './context.ts'
import { type ConfigOptions, loadOrReport, toJsonLine } from './load-or-report.ts'

export interface HealthOptions extends ConfigOptions {
  readonly json?: boolean
}

export async function health(parts: CliParts, options: HealthOptions): Promise<number> {
  const loaded = await loadOrReport(parts, options)
  if (loaded === undefined) return EXIT.config
  const { server } = loaded.config
  const address = `${server.host}:${server.port}`
  const answer = await askSelf(server, '/health/ready')
  const ready = answer.kind === 'answered' && answer.status === 200
  const detail = answer.kind === 'answered' ? `status ${answer.status}` : answer.why
  if (options.json === true) parts.stdout.write(toJsonLine({ ready, address, detail }))
  else parts.stdout.write(`${address} is ${ready ? 'ready' : `not ready (${detail})`}\n`)
  return ready ? EXIT.ok : EXIT.notWell
}
