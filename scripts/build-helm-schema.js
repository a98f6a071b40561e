// Writes the chart's values.schema.json: what is under `config` is the service's own schema, the rest is what templates read.
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { chartValues, section } from './helm-values-schema.js'

/**
 * Helm's own checker reads patterns as Go does, and repeats a value that fits none: one that stands where a reference
 * belongs is the secret itself, so that its pattern is asked for without being named in the error.
 */
function forHelm(schema) {
  if (Array.isArray(schema)) return schema.map(forHelm)
  if (typeof schema !== 'object' || schema === null) return schema
  const { pattern, ...rest } = schema
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, forHelm(value)]))
  if (typeof pattern !== 'string') return plain
  if (pattern.startsWith('^(env|file|vault)')) return { ...plain, not: { not: { pattern } } }
  return { ...plain, pattern: pattern.replaceAll('\\u0000', '') }
}

/** The whole schema. `config` is draft 7, which every Helm 3 and 4 reads. */
export function renderHelmSchema(config, specs) {
  const { $schema: _, title: __, ...configSection } = config
  const values = {
    ...chartValues(specs),
    config: { ...forHelm(configSection), description: 'The configuration of the service.' },
  }
  const properties = Object.fromEntries(
    Object.entries(values).toSorted(([left], [right]) => left.localeCompare(right, 'en')),
  )
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart ai-service',
    $comment: 'Written by `node scripts/build-helm-schema.js`.',
    ...section(undefined, properties),
    // A section that somebody has set to null is not there any more.
    required: Object.keys(properties).filter((name) => name !== 'global'),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** The file as it should be. */
export async function currentHelmSchema() {
  const { configJsonSchema } = await import('../packages/ai-service/src/config/schema.ts')
  const { providerSpecs } = await import('../packages/ai-lib/src/providers/registry.ts')
  return renderHelmSchema(configJsonSchema('draft-7'), providerSpecs)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = new URL('../deploy/helm/ai-service/values.schema.json', import.meta.url)
  writeFileSync(at, await currentHelmSchema())
}
