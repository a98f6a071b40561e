// The simulator that stands in for a provider, started when a configuration first asks for it.
import type { Simulator } from 'ai-simulator'
import type { Config } from '../config/config.ts'

export class BuiltInSimulator {
  #running: Promise<Simulator> | undefined

  /** Where it listens; undefined where no provider of this configuration is it. */
  async urlFor({ providers }: Config): Promise<string | undefined> {
    const isAsked = [...providers.values()].some(({ kind, baseUrl }) => kind === 'simulator' && baseUrl === undefined)
    if (!isAsked) return undefined
    this.#running ??= start()
    return (await this.#running).url
  }

  async close(): Promise<void> {
    await (await this.#running)?.close()
  }
}

// Loaded only where it is asked for: it is memory that nobody else has a use for.
async function start(): Promise<Simulator> {
  const { startSimulator } = await import('ai-simulator')
  return startSimulator({ record: false })
}
