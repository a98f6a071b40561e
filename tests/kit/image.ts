// The image without a container engine: what its Dockerfile says of it, and its files as a tree.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const checkout = fileURLToPath(new URL('../../', import.meta.url))

export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly health: readonly string[]
  readonly user: string
  readonly workingFolder: string
  readonly ports: readonly string[]
  readonly volumes: readonly string[]
  /** Of all stages, with their defaults. */
  readonly arguments: Readonly<Record<string, string>>
}

/** What the last stage of deploy/docker/Dockerfile sets. */
export function dockerfileConfig(): ImageConfig {
  const text = readFileSync(join(checkout, 'deploy/docker/Dockerfile'), 'utf8')
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
  const last = (word: string): string =>
    stage.findLast((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? ''
  const list = (text: string): readonly string[] => JSON.parse(text.slice(text.indexOf('['))) as string[]
  return {
    env: Object.fromEntries(
      last('ENV')
        .split(/\s+/)
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
    entrypoint: list(last('ENTRYPOINT')),
    command: list(last('CMD')),
    health: list(last('HEALTHCHECK')),
    user: last('USER'),
    workingFolder: last('WORKDIR'),
    ports: last('EXPOSE').split(' '),
    volumes: list(last('VOLUME')),
    arguments: Object.fromEntries(
      [...text.matchAll(/^ARG (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    ),
  }
}

export interface ImageTree {
  readonly rootfs: string
  /** What deploy/docker/build-tree.sh made, alone. */
  readonly own: string
  remove(): void
}

/** The stages of the Dockerfile as a script: what is ours, on a base that holds Node and what Node asks for. */
export function buildImageTree(): ImageTree {
  const folder = mkdtempSync(join(tmpdir(), 'image-'))
  const [rootfs, own] = [join(folder, 'rootfs'), join(folder, 'own')]
  execFileSync(join(checkout, 'scripts/build-runtime-base.sh'), [rootfs], { stdio: 'pipe' })
  // Without a network: the lockfile and npm's cache are all that it takes.
  execFileSync('unshare', ['--net', join(checkout, 'deploy/docker/build-tree.sh'), own], { stdio: 'pipe' })
  cpSync(own, rootfs, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  return { rootfs, own, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Every file and link below a folder: its path there, with its mode, time and a hash of what it holds. */
export function listing(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return new Map(
    entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry): [string, string] => {
        const path = join(entry.parentPath, entry.name)
        const { mode, mtimeMs } = lstatSync(path)
        const held = entry.isFile() ? readFileSync(path) : readlinkSync(path)
        const hash = createHash('sha256').update(held).digest('hex').slice(0, 16)
        return [relative(folder, path), `${(mode & 0o7777).toString(8)} ${Math.floor(mtimeMs / 1000)} ${hash}`]
      })
      .toSorted(([left], [right]) => (left < right ? -1 : 1)),
  )
}

export function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + lstatSync(join(parentPath, name)).size, 0)
}
