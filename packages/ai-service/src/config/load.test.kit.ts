// Loads configurations from temporary folders, for tests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { onTestFinished } from 'vitest'
import type { Environment } from '../secrets/sources.ts'
import type { LoadedConfig } from './config.ts'
import { type LoadResult, loadConfig } from './load.ts'
import { formatProblem } from './problem.ts'

export const NOW_MS = Date.parse('2026-06-01T00:00:00Z')

/** A folder with these files, removed when the test ends. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeInto(folder, files)
  return folder
}

function writeInto(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

export interface World {
  readonly env?: Environment
  readonly files?: Readonly<Record<string, string>>
  readonly configPath?: string
  readonly withoutFile?: boolean
}

/** Loads `ai-service.yaml` with this text, or none, in a folder of its own. */
export function loadYaml(yaml: string | undefined, world: World = {}): Promise<LoadResult> {
  return loadIn(folderWith(world.files), yaml, world)
}

/** Loads one text after the other in one folder, as a running service does; `files` are written there before. */
export function loaderOf(env: Environment) {
  const cwd = folderWith()
  return (yaml: string, files: Readonly<Record<string, string>> = {}): Promise<LoadResult> => {
    writeInto(cwd, files)
    return loadIn(cwd, yaml, { env })
  }
}

function loadIn(
  cwd: string,
  yaml: string | undefined,
  { env = {}, configPath, withoutFile = false }: World,
): Promise<LoadResult> {
  if (yaml !== undefined) writeFileSync(join(cwd, 'ai-service.yaml'), yaml)
  return loadConfig({
    env,
    cwd,
    specs: providerSpecs,
    nowMs: NOW_MS,
    systemFolder: join(cwd, 'etc'),
    secretsFolder: join(cwd, 'secrets'),
    mountsFile: join(cwd, 'mounts'),
    withoutFile,
    ...(configPath === undefined ? {} : { configPath }),
  })
}

export async function mustLoad(yaml: string | undefined, world?: World): Promise<LoadedConfig> {
  const result = await loadYaml(yaml, world)
  if (result.kind === 'invalid') throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.loaded
}

/** The problems as an operator reads them. */
export async function problemsOf(yaml: string | undefined, world?: World): Promise<string[]> {
  const result = await loadYaml(yaml, world)
  return result.kind === 'invalid' ? result.problems.map(formatProblem) : []
}
