// Loads the configuration for a command, or says what is wrong with it and gives exit code 78.
import type { LoadedConfig } from '../config/config.ts'
import { loadConfig, type LoadParts, type LoadResult } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { CliParts } from './context.ts'

export interface ConfigOptions {
  readonly config?: string
}

/** What of the configuration a command needs. */
export type Needed = 'everything' | 'no-provider-keys'

export function load(parts: CliParts, { config }: ConfigOptions, needed: Needed = 'everything'): Promise<LoadResult> {
  return loadConfig({
    ...loadParts(parts),
    withoutProviderKeys: needed === 'no-provider-keys',
    ...(config === undefined ? {} : { configPath: config }),
  })
}

function loadParts({ env, cwd, specs, secretsFolder, systemFolder, nowMs }: CliParts): LoadParts {
  return {
    env,
    cwd,
    specs,
    nowMs: nowMs(),
    ...(secretsFolder === undefined ? {} : { secretsFolder }),
    ...(systemFolder === undefined ? {} : { systemFolder }),
  }
}

/** The same sources as before: neither another file nor none, whatever lies where one is looked for. */
export function loadAgain(parts: CliParts, { source }: LoadedConfig): Promise<LoadResult> {
  return loadConfig({
    ...loadParts(parts),
    besideRequests: true,
    ...(source.kind === 'file' ? { configPath: source.path } : { withoutFile: true }),
  })
}

/** The configuration, or `undefined` once its problems are on stderr. */
export async function loadOrReport(
  parts: CliParts,
  options: ConfigOptions,
  needed: Needed = 'everything',
): Promise<LoadedConfig | undefined> {
  const result = await load(parts, options, needed)
  if (result.kind === 'loaded') return result.loaded
  reportProblems(parts, result)
  return undefined
}

export function reportProblems({ stderr }: CliParts, result: LoadResult & { readonly kind: 'invalid' }): void {
  for (const problem of result.problems) stderr.write(`${formatProblem(problem)}\n`)
  for (const warning of result.warnings) stderr.write(`warning: ${warning}\n`)
  const count = result.problems.length
  stderr.write(`${count} ${count === 1 ? 'problem' : 'problems'} in the configuration; nothing was started.\n`)
}

export function toJsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
