// Installs the packages as they are packed into an empty folder: production only, no scripts, from the npm cache where it has them.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRecord } from '../faults/asking.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Installed {
  readonly folder: string
  /** Every package under node_modules, ours among them: its path there and its manifest. */
  readonly packages: readonly InstalledPackage[]
  /** Bytes of all files. */
  readonly bytes: number
  readonly bin: string
  remove(): void
}

export interface InstalledPackage {
  readonly path: string
  readonly bytes: number
  readonly manifest: Readonly<Record<string, unknown>>
}

/** @param names which of ours; what they need comes along. */
export function install(names: readonly ('ai-lib' | 'ai-simulator' | 'ai-service')[]): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'installed-'))
  execFileSync(process.execPath, [join(root, 'scripts', 'pack-production.js'), folder, ...names])
  const flags = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  // The cache holds what the checkout was installed from; only where it was cleared is a registry asked.
  if (npm([...flags, '--offline'], folder, false) !== 0) npm([...flags, '--prefer-offline'], folder)
  const packages = packagesIn(join(folder, 'node_modules'))
  return {
    folder,
    packages,
    bytes: packages.reduce((sum, { bytes }) => sum + bytes, 0),
    bin: join(folder, 'node_modules', 'ai-service', 'bin', 'ai-service.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function npm(given: readonly string[], cwd: string, isNeeded = true): number {
  const { status, stderr } = spawnSync('npm', given, { cwd, encoding: 'utf8' })
  if (status !== 0 && isNeeded) throw new Error(`npm ${given.join(' ')}: ${stderr}`)
  return status ?? 1
}

function packagesIn(folder: string): InstalledPackage[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) => {
    if (name.startsWith('.')) return []
    const path = join(folder, name)
    if (name.startsWith('@')) return packagesIn(path)
    const manifest: unknown = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
    const inner = packagesIn(join(path, 'node_modules'))
    const bytes = sizeOf(path) - inner.reduce((sum, each) => sum + each.bytes, 0)
    return [{ path, bytes, manifest: isRecord(manifest) ? manifest : {} }, ...inner]
  })
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}
