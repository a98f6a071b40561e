// Installs the packages as they are packed into an empty folder: production only, no scripts, from the npm cache where it has them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRecord } from '../faults/asking.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const ours = { 'ai-lib': 'ai-lib', 'ai-simulator': 'simulator', 'ai-service': 'ai-service' } as const

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

type Entry = Readonly<Record<string, unknown>>

/** @param names which of ours; what they need comes along. */
export function install(names: readonly (keyof typeof ours)[]): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'installed-'))
  const packs = names.map((name) => `packages/${ours[name]}`)
  npm(['pack', '--ignore-scripts', '--pack-destination', folder, ...packs.flatMap((path) => ['-w', path])], root)
  const files = Object.fromEntries(
    readdirSync(folder).map((file): [string, string] => [file.replace(/-\d[^/]*$/, ''), `file:${file}`]),
  )
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'house', version: '1.0.0', dependencies: files }))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lockFor(names, files)))
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

/** The part of the checkout's lockfile that production needs, with our packages as files. */
function lockFor(names: readonly string[], files: Readonly<Record<string, string>>): unknown {
  const locked: unknown = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const all = isRecord(locked) && isRecord(locked['packages']) ? locked['packages'] : {}
  const packages: Record<string, Entry> = { '': { name: 'house', version: '1.0.0', dependencies: files } }
  const pending: string[] = []
  for (const [name, folder] of Object.entries(ours)) {
    if (!names.includes(name)) continue
    const { devDependencies: _, ...entry } = entryAt(all, `packages/${folder}`)
    packages[`node_modules/${name}`] = { ...entry, resolved: files[name] }
    pending.push(`packages/${folder}`)
  }
  const registry = registryUrl()
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const name of needsOf(entryAt(all, at))) {
      const path = whereIs(all, at, name)
      const target = path?.replace(/^packages\/([^/]+)/, (_, folder: string) => `node_modules/${nameOf(folder)}`)
      if (path === undefined || target === undefined || packages[target] !== undefined || name in ours) continue
      const entry = entryAt(all, path)
      const bare = name.split('/').at(-1) ?? name
      packages[target] = { ...entry, resolved: `${registry}${name}/-/${bare}-${String(entry['version'])}.tgz` }
      pending.push(path)
    }
  }
  return { name: 'house', version: '1.0.0', lockfileVersion: 3, requires: true, packages }
}

function registryUrl(): string {
  const said = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', cwd: tmpdir() }).stdout.trim()
  return said.endsWith('/') ? said : `${said}/`
}

function nameOf(folder: string): string {
  return Object.entries(ours).find(([, each]) => each === folder)?.[0] ?? folder
}

function entryAt(all: Readonly<Record<string, unknown>>, path: string): Entry {
  const entry = all[path]
  return isRecord(entry) ? entry : {}
}

function needsOf(entry: Entry): readonly string[] {
  return ['dependencies', 'optionalDependencies'].flatMap((kind) => {
    const named = entry[kind]
    return isRecord(named) ? Object.keys(named) : []
  })
}

/** As Node resolves: in the package's own node_modules, then in those above it. */
function whereIs(all: Readonly<Record<string, unknown>>, from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const path = at === '.' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (path in all) return path
    if (at === '.') return undefined
  }
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
