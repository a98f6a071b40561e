// A service that takes other configurations over while it runs: what makes it look, and how one takes the place of another.
import type { LoadedConfig } from '../config/config.ts'
import type { LoadResult } from '../config/load.ts'
import { secretsIn } from '../redaction/secrets-in.ts'
import { ConfigWatch } from './config-watch.ts'
import type { Lasting } from './lasting.ts'
import { logLevel } from './log-level.ts'
import { openGeneration } from './open-generation.ts'
import { Reloader } from './reloader.ts'
import { tellReloads } from './tell-reloads.ts'

export interface Reloading {
  /** Reads the configuration now. Never rejects. */
  reload(): Promise<void>
  close(): Promise<void>
}

export interface ReloadingParts {
  /** Reads and checks the same sources again; changes nothing. */
  load(): Promise<LoadResult>
  /** Listeners take what of a configuration is theirs. @throws where they cannot; nothing has changed then. */
  configure(next: LoadedConfig): void
}

export function openReloading(lasting: Lasting, { load, configure }: ReloadingParts): Reloading {
  const { generations, folders } = lasting
  const running = (): LoadedConfig => generations.current.loaded
  const replace = (next: LoadedConfig): Promise<void> => replaceWith(next, lasting, configure)
  const reloader = new Reloader({ load, running, replace, tell: tellReloads(lasting) })
  const watch = new ConfigWatch({ folders, reloader, settings: () => running().config.reload })
  return {
    async reload() {
      await reloader.reload('signal')
      watch.follow()
    },
    async close() {
      watch.close()
      await reloader.close()
    },
  }
}

/** All that can fail comes first. */
async function replaceWith(
  next: LoadedConfig,
  lasting: Lasting,
  configure: ReloadingParts['configure'],
): Promise<void> {
  const { generations, redactor, log } = lasting
  // Before a new secret can reach a log line it must be known to what cleans them.
  for (const secret of secretsIn(next.config)) redactor.add(secret)
  const generation = await openGeneration(next, lasting, generations.current)
  try {
    await generation.activate()
    configure(next)
  } catch (thrown) {
    await generation.close()
    throw thrown
  }
  generations.replace(generation)
  log.setLevel(logLevel(next.config.telemetry.logs.level))
}
