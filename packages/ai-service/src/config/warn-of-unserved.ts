// Caller keys that allow a model which nothing here serves: whoever holds one gets 404, and its operator should know.
import type { Building } from './building.ts'
import type { CallerKeyEntry, Config } from './config.ts'
import { didYouMean } from './nearest.ts'
import { showName } from './problem.ts'

type Serving = Pick<Config, 'providers' | 'models'>

export async function warnOfUnserved(
  keys: readonly CallerKeyEntry[],
  { providers, models }: Serving,
  { findings }: Building,
): Promise<void> {
  for (const { id, models: allowed = [] } of keys) {
    for (const model of allowed) {
      const isServed = models.has(model) || hasProvider(model, providers) || (await isBareName(model, providers))
      if (isServed) continue
      const hint = didYouMean(model, models.keys())
      findings.warn(`The caller key ${showName(id)} allows ${showName(model)}, which nothing here serves${hint || '.'}`)
    }
  }
}

// Which models a provider has nobody knows but the provider.
function hasProvider(model: string, providers: Serving['providers']): boolean {
  const slash = model.indexOf('/')
  return slash > 0 && slash < model.length - 1 && providers.has(model.slice(0, slash))
}

async function isBareName(model: string, providers: Serving['providers']): Promise<boolean> {
  if (model.includes('/')) return false
  // Loaded where it is asked: few keys name bare models, and commands are to start quickly.
  const { providersOfBareModel } = await import('ai-lib/internal/catalog/catalogue')
  const kinds = new Set(providersOfBareModel(model))
  return [...providers.values()].filter(({ kind }) => kinds.has(kind)).length === 1
}
