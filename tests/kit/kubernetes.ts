// Manifests rendered and judged by the tools that clusters and their operators use.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { programPath, type Requirement } from '../require.ts'

/** What `needs(…)` has to name where all of this file is used. */
export const manifestTools = ['kustomize', 'kubeconform', 'kube-score', 'pod-security'] as const satisfies Requirement[]

const schemas = fileURLToPath(new URL('../../tools/bin/kubernetes-schemas/', import.meta.url))

/** One object of the API, as far as tests look at any. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one of the tools to its end. */
export function runTool(tool: Requirement, args: readonly string[], input = ''): Ran {
  const path = programPath(tool)
  if (path === undefined) throw new Error(`${tool} is not here: begin the suite with needs('${tool}')`)
  const { status, stdout, stderr, error } = spawnSync(path, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  })
  if (error) throw error
  return { code: status, stdout, stderr }
}

/** What an overlay or base becomes. @throws with kustomize's words where it does not build. */
export function kustomize(folder: string): string {
  const { code, stdout, stderr } = runTool('kustomize', ['build', folder])
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** The objects in a stream of YAML documents. */
export function manifestsIn(yaml: string): readonly Manifest[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const [fault] = document.errors
    if (fault !== undefined) throw new Error(fault.message)
    const manifest: Manifest | null = document.toJS()
    return manifest === null ? [] : [manifest]
  })
}

/** Where documents break the API's schemas, names that it does not know included; kinds without a schema are findings too. */
export function schemaFindings(yaml: string): readonly string[] {
  const location = `${schemas}{{.ResourceKind}}{{.KindSuffix}}.json`
  const { stdout, stderr } = runTool(
    'kubeconform',
    ['-strict', '-output', 'json', '-schema-location', location, '-'],
    yaml,
  )
  if (stdout === '') throw new Error(stderr)
  const { resources }: ConformReport = JSON.parse(stdout)
  return resources
    .filter(({ status }) => status !== 'statusValid' && status !== 'statusEmpty')
    .map(({ kind, name, msg }) => `${kind}/${name}: ${msg}`)
}

/** Pods that admission at level `restricted` would refuse, and why. */
export function podSecurityFindings(yaml: string): readonly string[] {
  const { code, stdout, stderr } = runTool('pod-security', [], yaml)
  if (code === 2) throw new Error(stderr)
  return stdout.split('\n').filter((line) => line !== '')
}

/** What kube-score objects to, warnings included: `Deployment/ai-service container-image-tag: …`. */
export function scoreFindings(yaml: string): readonly string[] {
  const { stdout, stderr } = runTool('kube-score', ['score', '--output-format', 'json', '-'], yaml)
  if (stdout === '') throw new Error(stderr)
  const objects: readonly ScoredObject[] = JSON.parse(stdout) ?? []
  return objects.flatMap(({ type_meta: { kind }, object_meta: { name }, checks }) =>
    checks
      .filter(({ skipped, grade }) => !skipped && grade < allIsWell)
      .map(
        ({ check, comments }) => `${kind}/${name} ${check.id}: ${comments?.map(({ summary }) => summary).join('; ')}`,
      ),
  )
}

/** 1 critical, 5 warning, 7 almost, 10 well. */
const allIsWell = 10

interface ConformReport {
  readonly resources: readonly {
    readonly kind: string
    readonly name: string
    readonly status: string
    readonly msg: string
  }[]
}

interface ScoredObject {
  readonly type_meta: { readonly kind: string }
  readonly object_meta: { readonly name: string }
  readonly checks: readonly {
    readonly check: { readonly id: string }
    readonly grade: number
    readonly skipped: boolean
    readonly comments: readonly { readonly summary: string }[] | null
  }[]
}
