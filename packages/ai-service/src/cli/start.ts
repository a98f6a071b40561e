// `ai-service start`: loads the configuration and hands it to the service.
import { type CliParts, EXIT } from './context.ts'
import { type ConfigOptions, loadAgain, loadOrReport } from './load-or-report.ts'

export async function start(parts: CliParts, options: ConfigOptions): Promise<number> {
  const loaded = await loadOrReport(parts, options)
  if (loaded === undefined) return EXIT.config
  return parts.start(loaded, { reload: () => loadAgain(parts, loaded) })
}
