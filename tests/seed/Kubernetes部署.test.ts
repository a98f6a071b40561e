// Kubernetes deployment: the seed's manifest is in ours line by line, and its configuration is one that the service takes.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isRecord } from '../faults/asking.ts'
import { type Manifest, manifestsIn } from '../kit/kubernetes.ts'
import { at, list, podOf } from '../kit/manifest-rules.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'packages', 'ai-service', 'bin', 'ai-service.js')
const base = join(root, 'deploy', 'kubernetes', 'base')

function theOnlyOne(path: string): Manifest {
  const [manifest] = manifestsIn(readFileSync(path, 'utf8'))
  if (manifest === undefined) throw new Error(`${path} holds nothing`)
  return manifest
}

const seed = theOnlyOne(join(root, 'tests', 'fixtures', 'seed', 'k8s-deployment.yaml'))
const ours = theOnlyOne(join(base, 'deployment.yaml'))

/** What `part` says and `whole` does not, as paths; of lists, elements are matched by name, port or position. */
function missing(part: unknown, whole: unknown, path = ''): readonly string[] {
  if (Array.isArray(part)) {
    return part.flatMap((each, index) => missing(each, elementFor(each, index, whole), `${path}[${index}]`))
  }
  if (isRecord(part)) {
    return Object.entries(part).flatMap(([name, value]) => missing(value, at(whole, name), `${path}.${name}`))
  }
  return part === whole ? [] : [`${path}: ${JSON.stringify(part)}`]
}

function elementFor(wanted: unknown, index: number, whole: unknown): unknown {
  const key = ['name', 'containerPort'].find((name) => at(wanted, name) !== undefined)
  if (key === undefined) return Array.isArray(whole) ? whole[index] : undefined
  return list(whole).find((each) => each[key] === at(wanted, key))
}

test('every line of the seed’s manifest stands in the base', () => {
  expect(missing(seed, ours)).toEqual([])
})

test('and a line that it lacks would be told', () => {
  const pod = podOf(ours)
  const [container] = list(pod?.['containers'])
  const changed = { ...container, env: [], image: 'another:1' }
  const template = { ...(at(ours, 'spec', 'template') as object), spec: { ...pod, containers: [changed] } }
  const other = { ...ours, spec: { ...(ours['spec'] as object), replicas: 2, template } }
  expect(missing(seed, other)).toEqual([
    '.spec.replicas: 3',
    '.spec.template.spec.containers[0].image: "ai-service:latest"',
    '.spec.template.spec.containers[0].env[0].name: "OPENAI_API_KEY"',
    '.spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name: "ai-secrets"',
    '.spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key: "openai-key"',
  ])
})

test('the service takes the configuration as it is, with the variable of the seed', () => {
  const env = { PATH: process.env['PATH'] ?? '', OPENAI_API_KEY: 'sk-of-the-secret-0123456789' }
  const args = [bin, 'check', '--json', '--config', join(base, 'ai-service.yaml')]
  const plan: unknown = JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' }))
  expect(plan).toMatchObject({ plan: { auth: { mode: 'keys' } } })
})
