// Renders the chart with the real Helm, and hands out what came as plain objects.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programPath } from '../require.ts'
import { manifestsIn } from './kubernetes.ts'

export const chartFolder = fileURLToPath(new URL('../../deploy/helm/ai-service', import.meta.url))
export const seedValues = fileURLToPath(new URL('../fixtures/helm/seed-values.yaml', import.meta.url))

export type Values = Readonly<Record<string, unknown>>

/** One object of Kubernetes, of which tests look at any part. */
export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  // oxlint-disable-next-line typescript/no-explicit-any -- a manifest's depths, in which a test reads what it names
  readonly [key: string]: any
}

export interface Rendering {
  /** Files of values, first the ones that the others override. */
  readonly files?: readonly string[]
  /** In place of a further file. */
  readonly values?: Values
  readonly helm?: 'helm' | 'helm3'
  readonly release?: string
}

export interface HelmResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** One run of Helm with a home of its own, and no cluster but one that flags name. */
export function runHelm(args: readonly string[], helm: 'helm' | 'helm3' = 'helm'): Promise<HelmResult> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), KUBECONFIG: '/dev/null' }
  return new Promise((resolve) => {
    execFile(programPath(helm) ?? helm, args, { env, maxBuffer: 32 * 1024 * 1024 }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out, err }),
    )
  })
}

/** Runs a command of Helm over the chart with these values. */
export async function withValues(
  command: readonly string[],
  { files = [], values, helm }: Rendering,
): Promise<HelmResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-helm-'))
  const own = join(folder, 'values.yaml')
  // JSON: Helm would read a plain `off` as false.
  writeFileSync(own, JSON.stringify(values ?? {}))
  try {
    return await runHelm([...command, ...[...files, own].flatMap((file) => ['-f', file])], helm)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The text that `helm template` prints. */
export async function renderText(rendering: Rendering = {}): Promise<string> {
  const { code, out, err } = await withValues(['template', rendering.release ?? 'rel', chartFolder], rendering)
  if (code !== 0) throw new Error(`helm template: ${err}`)
  return out
}

export async function render(rendering: Rendering = {}): Promise<readonly Manifest[]> {
  return JSON.parse(JSON.stringify(manifestsIn(await renderText(rendering))))
}

/** Why Helm refuses these values. */
export async function refusalOf(values: Values, rendering: Rendering = {}): Promise<string> {
  const { code, err } = await withValues(['template', 'rel', chartFolder], { ...rendering, values })
  if (code === 0) throw new Error('Helm took these values.')
  return err
}

/** The one manifest of a kind, or the one of that name. */
export function find(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name))
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} of ${kind} ${name ?? ''}`)
  return found[0]
}
