// `ai-service health`: exit code 0 where the running service is ready, 1 where it is not; for container probes.
import { askSelf } from './ask-self.ts'
import { type CliParts, EXIT } from './context.ts'
import { type ConfigOptions, load, reportProblems, toJsonLine } from './load-or-report.ts'
import { writtenAddress } from './written-address.ts'

export interface HealthOptions extends ConfigOptions {
  readonly json?: boolean
}

export async function health(parts: CliParts, options: HealthOptions): Promise<number> {
  // A probe has no use for keys, and a Vault that is away does not make the service unwell.
  const result = await load(parts, options, 'no-provider-keys')
  // A file that was spoilt since the start must not end a service that runs well with the one before it.
  const server = result.kind === 'loaded' ? result.loaded.config.server : await writtenAddress(parts, options)
  const address = `${server.host}:${server.port}`
  const answer = await askSelf(server, '/health/ready')
  const ready = answer.kind === 'answered' && answer.status === 200
  if (result.kind === 'invalid') {
    if (!ready) {
      reportProblems(parts, result)
      return EXIT.config
    }
    parts.stderr.write('warning: the configuration is not valid now; the service runs with the one before it.\n')
  }
  const detail = answer.kind === 'answered' ? `status ${answer.status}` : answer.why
  if (options.json === true) parts.stdout.write(toJsonLine({ ready, address, detail }))
  else parts.stdout.write(`${address} is ${ready ? 'ready' : `not ready (${detail})`}\n`)
  return ready ? EXIT.ok : EXIT.notWell
}
