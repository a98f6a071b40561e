// Whether a checkout needs an install, and which Node runs the project.
import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findNode, isNewEnough, runToEnd } from '../packages/ai-service/bin/node-24.js'
import { isInstalled, isStale } from './prepare.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prepare-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('an install is needed', () => {
  const lock = (version: string) => ({
    packages: {
      '': { name: 'root' },
      'node_modules/undici': { version },
      'node_modules/ai-lib': { link: true },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    },
  })
  const installed = (version: string) => ({
    packages: { 'node_modules/undici': { version }, 'node_modules/ai-lib': { link: true } },
  })

  async function checkout(wanted: object, present?: object): Promise<boolean> {
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(wanted))
    await mkdir(join(folder, 'node_modules'))
    if (present) await writeFile(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify(present))
    return !isInstalled(folder)
  }

  test('where no install has ended', async () => {
    expect(await checkout(lock('8.0.0'))).toBe(true)
  })

  test('where the lockfile names another version', async () => {
    expect(await checkout(lock('8.0.1'), installed('8.0.0'))).toBe(true)
  })

  test('where a package is new', async () => {
    expect(await checkout(lock('8.0.0'), { packages: {} })).toBe(true)
  })

  test('but not where all but other platforms’ packages are there', async () => {
    expect(await checkout(lock('8.0.0'), installed('8.0.0'))).toBe(false)
  })
})

describe('a build is needed', () => {
  test.each([
    ["- Project 'a' is up to date\n- A non-dry build would update timestamps for output of project 'b'", 0, false],
    ["- Project 'a' is up to date\n- A non-dry build would build project 'b'", 0, true],
    ['', 1, true],
    ['', null, true],
  ])('where the compiler says so: %j, status %s', (stdout, status, expected) => {
    expect(isStale({ stdout, status })).toBe(expected)
  })
})

describe('the Node that runs the service', () => {
  test.each([
    ['24.15.0', true],
    ['v24.21.3', true],
    ['26.0.0', true],
    ['24.14.9', false],
    ['22.99.0', false],
    ['v20.20.2', false],
  ])('%s is new enough: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected)
  })

  test('is the running one where that is new enough', () => {
    expect(findNode(folder)).toBe(process.execPath)
  })
})

describe('a program run to its end', () => {
  test('gives its exit code', async () => {
    expect(await runToEnd(process.execPath, ['-e', 'process.exitCode = 78'])).toBe(78)
  })

  test('killed by a signal gives the code that a shell would give', async () => {
    expect(
      await runToEnd(process.execPath, ['-e', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 9e3)']),
    ).toBe(143)
  })
})

describe('the committed bin', () => {
  const bin = join(import.meta.dirname, '..', 'packages', 'ai-service', 'bin')

  function run(
    args: readonly string[],
    flags: readonly string[] = [],
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [...flags, join(folder, 'bin', 'ai-service.js'), ...args], (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
      })
    })
  }

  beforeEach(async () => {
    await cp(bin, join(folder, 'bin'), { recursive: true })
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await chmod(join(folder, 'bin', 'ai-service.js'), 0o755)
  })

  test('says how to build when the build is missing', async () => {
    const { code, err } = await run(['start'])
    expect(err).toContain('npm run build')
    expect(code).toBe(1)
  })

  test('refuses an old Node where no newer one is near, and says how to get one', async () => {
    await mkdir(join(folder, 'dist'))
    await writeFile(join(folder, 'dist', 'main.js'), 'process.stdout.write("started")')
    const old = `data:text/javascript,${encodeURIComponent(
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.11.0' } })",
    )}`
    const { code, out, err } = await run(['doctor'], ['--import', old])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('ai-service needs Node 24.15.0 or newer; this is Node 22.11.0')
    expect(err).toContain('install Node 24 LTS from https://nodejs.org')
  })

  test('runs the build in the same process, with its arguments and exit code', async () => {
    await mkdir(join(folder, 'dist'))
    await writeFile(
      join(folder, 'dist', 'main.js'),
      'process.stdout.write(JSON.stringify([process.ppid, ...process.argv.slice(2)])); process.exitCode = 78',
    )
    const { code, out } = await run(['check', '--config', 'x.yaml'])
    expect(JSON.parse(out)).toEqual([process.pid, 'check', '--config', 'x.yaml'])
    expect(code).toBe(78)
  })
})
