// Runs the service from a loaded configuration until a signal ends it.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { type App, startApp } from '../app.ts'
import { type LinePrinter, TrailUnusable } from '../audit/trail.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { LoadResult } from '../config/load.ts'
import { createLog, type Log } from '../telemetry/log.ts'
import { openLogDestination } from '../telemetry/log-destination.ts'
import type { Environment } from '../secrets/sources.ts'
import type { RuntimeSource } from '../telemetry/runtime-metrics.ts'
import { createRedactor, type Redactor } from '../redaction/redactor.ts'
import { secretsIn } from '../redaction/secrets-in.ts'
import { demoBanner } from './banner.ts'
import { Ending, type ProcessEvents } from './ending.ts'
import { logLevel } from './log-level.ts'

export interface ServeParts {
  readonly loaded: LoadedConfig
  readonly env: Environment
  /** Reads and checks the same configuration again; changes nothing. */
  reload(): Promise<LoadResult>
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly events: ProcessEvents
  readonly runtime: RuntimeSource
  readonly memoryLimitBytes: number
  readonly version: string
}

/** Resolves to the exit code once everything is settled and flushed. */
export async function serve(parts: ServeParts): Promise<number> {
  const { loaded, stdout, events } = parts
  const redactor = createRedactor({ secrets: secretsIn(loaded.config) })
  const printer = openLogDestination(stdout)
  const log = createLog({ level: logLevel(loaded.config.telemetry.logs.level), destination: printer, redactor })
  for (const warning of loaded.warnings) log.warn(warning)
  for (const note of loaded.notes) log.info(note)
  const ending = new Ending(events, log)
  const app = await Promise.race([startOrExplain(parts, { log, redactor, printer }), ending.givenUp])
  if (typeof app === 'number') {
    await log.close()
    return app
  }
  log.info('listening', {
    data: app.dataUrl,
    ...(app.metricsUrl === undefined ? {} : { metrics: app.metricsUrl }),
    config: loaded.source.kind === 'file' ? loaded.source.path : 'environment',
    config_version: loaded.version,
  })
  if (loaded.config.demo) stdout.write(demoBanner(app.dataUrl, loaded.config.auth.mode === 'keys'))
  events.on('reload', () => {
    void app.reload().then(() => log.info('provider keys were read anew'))
  })
  const code = await ending.untilOver(app)
  await app.close()
  log.info('stopped', { exit_code: code })
  await log.close()
  return code
}

interface Outputs {
  readonly log: Log
  readonly redactor: Redactor
  readonly printer: LinePrinter
}

async function startOrExplain(
  { loaded, env, reload: load, stderr, runtime, memoryLimitBytes, version }: ServeParts,
  { log, redactor, printer }: Outputs,
): Promise<App | number> {
  try {
    return await startApp({ loaded, load, env, log, redactor, printer, runtime, memoryLimitBytes, version })
  } catch (thrown) {
    const reason = redactor.redact(explain(thrown, loaded.config.server))
    stderr.write(`${reason}\n`)
    log.error('could not start', { reason })
    // A trail that cannot be opened is mended in the configuration.
    return thrown instanceof TrailUnusable ? 78 : 1
  }
}

function explain(thrown: unknown, { host, port, metrics }: LoadedConfig['config']['server']): string {
  if (thrown instanceof Error && 'code' in thrown) {
    const at =
      'address' in thrown && 'port' in thrown ? `${String(thrown.address)}:${String(thrown.port)}` : `${host}:${port}`
    const isMetrics = 'port' in thrown && thrown.port === metrics.port && thrown.port !== port
    const setting = isMetrics ? 'AI_SERVICE_METRICS_PORT or server.metrics.port' : 'AI_SERVICE_PORT or server.port'
    if (thrown.code === 'EADDRINUSE')
      return `ai-service cannot listen on ${at}${isMetrics ? ' for metrics' : ''}: the port is taken. Stop what uses it, or choose another with ${setting}.`
    if (thrown.code === 'ENOTFOUND' || thrown.code === 'EAI_AGAIN')
      return `ai-service cannot listen on ${host}: no address is known for that name (AI_SERVICE_HOST or server.host).`
    if (thrown.code === 'EACCES')
      return `ai-service may not listen on ${at}: ports below 1024 need a privilege. Choose another port.`
    if (thrown.code === 'EADDRNOTAVAIL') return `ai-service cannot listen on ${at}: this machine has no such address.`
  }
  if (thrown instanceof AiError) return `ai-service cannot start: ${thrown.message}`
  return `ai-service cannot start: ${thrown instanceof Error ? thrown.message : 'unknown fault'}`
}
