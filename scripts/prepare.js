// Makes a checkout ready to run: installs what is missing, builds what is stale; plain JavaScript for any Node from 18 on.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode, HOW_TO_GET_NODE, runToEnd } from '../packages/ai-service/bin/node-24.js'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** A step that ended badly; the message is for the user and needs no stack. */
export class PrepareError extends Error {}

/**
 * Installs and builds as needed. What it and its tools say goes to stderr, so that stdout stays the caller's own.
 * @returns {Promise<string>} the Node to run the project with.
 */
export async function prepare() {
  if (!isInstalled()) await install()
  const node = findNode(root)
  if (node === undefined) throw new PrepareError(HOW_TO_GET_NODE)
  await build(node)
  return node
}

/**
 * Whether `tsc -b --dry` would build anything. It takes a fraction of a second and sees deleted files, which comparing
 * times would not; where it says no more than that times are behind, what was built is right.
 */
export function isStale({ status, stdout }) {
  return status !== 0 || stdout.includes('would build project')
}

async function build(node) {
  const tsc = [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']
  if (isStale(spawnSync(node, [...tsc, '--dry'], { cwd: root, encoding: 'utf8' }))) await step('building', node, tsc)
}

/** The environment in which child processes find our Node and tools first. */
export function environment(node) {
  const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  return { ...process.env, PATH: path }
}

/**
 * Compares package-lock.json with the list that npm leaves in node_modules when an install has ended well, so that an
 * install by hand counts too and a half-finished one does not.
 */
export function isInstalled(folder = root) {
  const record = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(record, 'utf8')).packages
  return Object.entries(wanted).every(([path, entry]) => {
    // Optional packages are those of other platforms too; the root entry is not in npm's list.
    const optional = entry.optional || entry.devOptional
    if (path === '' || (optional && present[path] === undefined)) return true
    return present[path] !== undefined && present[path].version === entry.version
  })
}

async function install() {
  // npm names its own program to scripts it runs; without it, start the one on PATH (a .cmd on Windows needs a shell).
  const npm = process.env.npm_execpath
  const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error']
  if (npm?.endsWith('.js')) await step('installing packages', process.execPath, [npm, ...args])
  else await step('installing packages', 'npm', args, { shell: process.platform === 'win32' })
}

async function step(title, file, args, options = {}) {
  process.stderr.write(`${title} …\n`)
  const code = await runToEnd(file, args, { cwd: root, stdio: ['ignore', 2, 2], ...options })
  if (code !== 0) throw new PrepareError(`${title} failed (exit code ${code}); the lines above say why.`)
}
