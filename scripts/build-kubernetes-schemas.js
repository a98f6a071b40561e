// Writes one strict JSON Schema per kind of Kubernetes, from the API's own description: `… OUT SWAGGER.json [CRD.json …]`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const gvkKey = 'x-kubernetes-group-version-kind'

/** Schemas by the file name that kubeconform looks for: `deployment-apps-v1.json`. */
export function schemasOf(swagger) {
  const { definitions } = swagger
  const schemas = new Map()
  for (const [name, definition] of Object.entries(definitions)) {
    const ids = definition[gvkKey] ?? []
    // Several ids mean a type that every group shares, as DeleteOptions: nothing that stands in a file of manifests.
    if (ids.length !== 1 || definition.properties?.metadata === undefined) continue
    schemas.set(fileName(ids[0]), { ...rooted(definitions, name, ids[0]) })
  }
  return schemas
}

/** The same for each served version of a CustomResourceDefinition. */
export function schemasOfCustomResource({ spec }) {
  const served = spec.versions.filter(({ served }) => served)
  return new Map(
    served.map(({ name, schema }) => [
      fileName({ group: spec.group, version: name, kind: spec.names.kind }),
      strict({
        ...schema.openAPIV3Schema,
        properties: { ...schema.openAPIV3Schema.properties, metadata: { type: 'object' } },
      }),
    ]),
  )
}

function fileName({ group, version, kind }) {
  return `${[kind, ...(group === '' ? [] : [group.split('.')[0]]), version].join('-').toLowerCase()}.json`
}

function rooted(definitions, name, { group, version, kind }) {
  const root = strict(definitions[name])
  return {
    ...root,
    properties: {
      ...root.properties,
      apiVersion: { const: group === '' ? version : `${group}/${version}` },
      kind: { const: kind },
    },
    required: [...new Set(['apiVersion', 'kind', 'metadata', ...(root.required ?? [])])],
    definitions: reachable(definitions, root),
  }
}

// What a kind refers to goes into its file, so that a file stands alone; some refer to themselves.
function reachable(definitions, root) {
  const found = {}
  const queue = [root]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const name of references(at)) {
      if (name in found) continue
      found[name] = strict(definitions[name])
      queue.push(found[name])
    }
  }
  return found
}

function references(schema) {
  return [...JSON.stringify(schema).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)].map(([, name]) => name)
}

/** Refuses names that the API does not know, and takes what its JSON takes: numbers for quantities, both for ports. */
function strict(schema) {
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string']) return { type: ['string', 'integer'] }
  if (schema.description?.startsWith('Quantity is a fixed-point')) return { type: ['string', 'number'] }
  const { description: _, items, properties, additionalProperties, ...rest } = schema
  const result = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('x-')))
  if (items !== undefined) result.items = strict(items)
  if (typeof additionalProperties === 'object') result.additionalProperties = strict(additionalProperties)
  if (properties === undefined) return result
  result.properties = Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, strict(each)]))
  if (additionalProperties === undefined && !schema['x-kubernetes-preserve-unknown-fields']) {
    result.additionalProperties = false
  }
  return result
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out, swagger, ...customResources] = process.argv.slice(2)
  const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
  const all = [schemasOf(read(swagger)), ...customResources.map((path) => schemasOfCustomResource(read(path)))]
  mkdirSync(out, { recursive: true })
  for (const [name, schema] of all.flatMap((schemas) => [...schemas])) {
    writeFileSync(join(out, name), JSON.stringify(schema))
  }
}
