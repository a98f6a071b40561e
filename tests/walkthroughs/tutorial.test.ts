// The tutorial, block by block, in a folder like a fresh clone: what runs in a terminal of its own does so here, too.
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { callsIn } from '../docs/commands-elsewhere.ts'
import { root } from '../docs/pages.ts'
import { listedBlocks } from '../docs/shell-blocks.ts'
import { freePort } from '../kit/service.ts'
import { needs } from '../require.ts'

type Step =
  | { readonly kind: 'run'; readonly line: number; readonly code: string; readonly says: readonly string[] }
  | {
      readonly kind: 'terminal'
      readonly line: number
      readonly code: string
      readonly name: string
      readonly until: string
    }
  | { readonly kind: 'stop'; readonly line: number; readonly name: string }

/** Blocks of shell with the comments above them, in order; those that want a cluster, an engine or a key are left out. */
function stepsOf(text: string): readonly Step[] {
  const steps: Step[] = []
  let marks: string[] = []
  let open: string[] | undefined
  for (const [at, content] of text.split('\n').entries()) {
    const line = at + 1
    const mark = /^<!-- (.*) -->$/.exec(content)?.[1]
    if (open !== undefined && content === '```') {
      steps.push(...stepOf(open.join('\n'), marks, line))
      open = undefined
      marks = []
    } else if (open !== undefined) open.push(content)
    else if (content === '```sh') open = []
    else if (mark?.startsWith('stop ') === true) steps.push({ kind: 'stop', line, name: mark.slice(5) })
    else if (mark !== undefined) marks.push(mark)
  }
  return steps
}

function stepOf(code: string, marks: readonly string[], line: number): readonly Step[] {
  const terminal = marks.map((mark) => /^terminal (\w+), until "(.+)"$/.exec(mark)).find((found) => found !== null)
  const isListed = listedBlocks.some(({ page, begins }) => page === 'docs/tutorial.md' && code.startsWith(begins))
  if (isListed || callsIn(code).length > 0) return []
  if (terminal) return [{ kind: 'terminal', line, code, name: terminal[1] ?? '', until: terminal[2] ?? '' }]
  return [{ kind: 'run', line, code, says: marks.flatMap((mark) => (mark.startsWith('says ') ? [mark.slice(5)] : [])) }]
}

interface Terminal {
  readonly child: ChildProcess
  said: string
}

const steps = stepsOf(readFileSync(join(root, 'docs', 'tutorial.md'), 'utf8'))
const terminals = new Map<string, Terminal>()
const ports = new Map<string, string>()
let folder = ''

/** What was built, what was made by running, what is linked below. */
const notCloned = /^(node_modules|\.git|data|tools\/(bin|image)|packages\/[^/]+\/(dist|node_modules))$/

/** What Git has; packages are those of this checkout, so that nothing is downloaded, but for the project's own. */
function likeAClone(clone: string): void {
  cpSync(root, clone, { recursive: true, filter: (path) => !notCloned.test(relative(root, path)) })
  const [from, to] = [join(root, 'node_modules'), join(clone, 'node_modules')]
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    const isOurs = lstatSync(join(from, name)).isSymbolicLink()
    if (name === '.bin' || isOurs) cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true })
    else symlinkSync(join(from, name), join(to, name))
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-tutorial-'))
  likeAClone(join(folder, 'ai-service'))
  for (const port of ['8080', '9464', '8091', '8092']) ports.set(port, String(await freePort()))
}, 120_000)

afterAll(async () => {
  for (const name of terminals.keys()) await stop(name)
  rmSync(folder, { recursive: true, force: true })
})

function shell(code: string): ChildProcess {
  const here = [...ports].reduce((text, [port, free]) => text.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), free), code)
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    AI_SERVICE_PORT: ports.get('8080'),
    AI_SERVICE_METRICS_PORT: ports.get('9464'),
  }
  // Each block is typed where the one before it left off: in the clone, once there is one.
  const cwd = code.startsWith('cd ai-service\n') ? folder : join(folder, 'ai-service')
  return spawn('bash', ['-euo', 'pipefail', '-c', here], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
}

function listen(child: ChildProcess, hear: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => hear(chunk.toString()))
}

async function open({ name, code, until, line }: Extract<Step, { kind: 'terminal' }>): Promise<void> {
  const terminal: Terminal = { child: shell(code), said: '' }
  terminals.set(name, terminal)
  const { child } = terminal
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (status) =>
      reject(new Error(`line ${line}: ${name} ended with ${String(status)}:\n${terminal.said}`)),
    )
    listen(child, (text) => {
      terminal.said += text
      if (terminal.said.includes(until)) resolve()
    })
  })
}

/** As Ctrl-C does: to the whole group. */
async function stop(name: string): Promise<void> {
  const child = terminals.get(name)?.child
  terminals.delete(name)
  if (child?.pid === undefined || child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('close', resolve))
  process.kill(-child.pid, 'SIGINT')
  await ended
}

async function run({ code, says, line }: Extract<Step, { kind: 'run' }>): Promise<void> {
  const child = shell(code)
  let said = ''
  listen(child, (text) => (said += text))
  // A loop that waits for what never comes ends with the test.
  onTestFinished(() => void (child.exitCode === null && child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')))
  const status = await new Promise((resolve) => child.once('close', resolve))
  expect(status, `line ${line}:\n${said}`).toBe(0)
  for (const words of says) expect(said, `line ${line}`).toContain(words)
}

test('the tutorial has steps to take', () => {
  expect(steps.filter(({ kind }) => kind === 'terminal').length).toBeGreaterThan(4)
  expect(steps.filter(({ kind }) => kind === 'run').length).toBeGreaterThan(7)
})

needs('curl')('docs/tutorial.md', () => {
  test('does what it says, block by block', async () => {
    for (const step of steps) {
      if (step.kind === 'run') await run(step)
      else if (step.kind === 'stop') await stop(step.name)
      else await open(step)
      for (const [name, { child, said }] of terminals)
        expect(child.exitCode, `line ${step.line}: ${name}\n${said}`).toBe(null)
    }
  }, 300_000)
})
