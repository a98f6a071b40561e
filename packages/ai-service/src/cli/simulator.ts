// `ai-service simulator`: the built-in upstream on its own, until it is interrupted.
import { errorCodeOf } from '../secrets/sources.ts'
import { type CliParts, EXIT } from './context.ts'

export interface SimulatorCommandOptions {
  readonly host: string
  readonly port: string
}

export async function simulator(parts: CliParts, { host, port }: SimulatorCommandOptions): Promise<number> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    parts.stderr.write('error: --port takes a whole number from 0 to 65535.\n')
    return EXIT.usage
  }
  try {
    // Loaded here, so that the service itself does not carry it.
    const { startSimulator } = await import('ai-simulator')
    const running = await startSimulator({ host, port: Number(port), record: false })
    parts.stdout.write(`The simulator listens on ${running.url}\n`)
    await parts.interrupted()
    await running.close()
    return EXIT.ok
  } catch (error) {
    const code = errorCodeOf(error)
    const hint = code === 'EADDRINUSE' ? ' The port is taken: choose another with --port, or 0 for a free one.' : ''
    parts.stderr.write(`error: cannot listen on ${host}:${port} (${code}).${hint}\n`)
    return EXIT.notWell
  }
}
