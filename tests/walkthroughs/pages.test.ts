// Shell blocks of the pages run as they stand, one after the other, against a running service.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSimulator } from 'ai-simulator'
import { expect, onTestFinished, test } from 'vitest'
import { chatBody, eventually, post } from '../faults/asking.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'
import { needs } from '../require.ts'
import { blocksOf, pages, root } from '../docs/pages.ts'
import { type RunPage, runs, runPages, shellOf } from '../docs/shell-blocks.ts'

interface World {
  readonly service: RunningService
  readonly env: Readonly<Record<string, string>>
  /** Places of the pages, and where they are here. */
  readonly places: ReadonlyMap<string, string>
}

/** A folder with a configuration, a service that runs from it and has answered once, and commands on the path. */
async function openWorld(config: string): Promise<World> {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const env = {
    AI_SERVICE_BACKUP_KEY: randomBytes(32).toString('base64'),
    OPENAI_API_KEY: 'sk-of-the-pages-0123456789',
    OPENAI_BASE_URL: `${simulator.url}/v1`,
  }
  const service = await startService({ yaml: config, env })
  onTestFinished(() => service.stop())
  const { host } = new URL(service.url)
  const model = config.includes('simulator') ? 'simulator/echo' : 'openai/echo'
  expect((await post(service.url, '/v1/chat/completions', chatBody(model))).status).toBe(200)
  await eventually(() => service.output().includes('"audit head"'), 'the first records are signed')
  const second = await secondConfiguration(service.folder)
  writeFileSync(join(service.folder, 'service.log'), service.output())
  const places = new Map([
    ['127.0.0.1:8080', host],
    ['localhost:8080', host],
    ['127.0.0.1:9464', new URL(service.metricsUrl).host],
    ['8090', String(await freePort())],
    ['8089', String(await freePort())],
    ['/etc/ai-service/ai-service.yaml', second],
    ['/var/log/ai-service.log', join(service.folder, 'service.log')],
    ['cd deploy', `cd '${root}deploy'`],
    ['=deploy', `=${root}deploy`],
    ['OPENAI_API_KEY=…', 'OPENAI_API_KEY=sk-of-the-pages-0123456789'],
  ])
  const more = { PATH: `${commandsIn(service.folder)}:${process.env['PATH'] ?? ''}`, AI_SERVICE_METRICS_PORT: '0' }
  return { service, env: { ...env, ...more, AI_SERVICE_PORT: String(await freePort()) }, places }
}

async function secondConfiguration(folder: string): Promise<string> {
  const file = join(folder, 'second.yaml')
  const server = `server: { port: ${await freePort()}, metrics: { port: 0 } }`
  writeFileSync(file, `${server}\nproviders: { simulator: {} }\naudit: { enabled: false }\n`)
  return file
}

/** `ai-service`, and `npx ai-service`, as this checkout has them. */
function commandsIn(folder: string): string {
  const path = join(folder, 'commands')
  mkdirSync(path)
  const run = `exec '${process.execPath}' '${join(import.meta.dirname, 'ended-command.js')}'`
  writeFileSync(join(path, 'ai-service'), `#!/bin/sh\n${run} "$@"\n`)
  writeFileSync(join(path, 'npx'), `#!/bin/sh\n[ "$1" = ai-service ] || exit 127\nshift\n${run} "$@"\n`)
  for (const name of ['ai-service', 'npx']) chmodSync(join(path, name), 0o755)
  return path
}

interface Ran {
  readonly code: number | null
  readonly said: string
}

function shell(script: string, { service, env }: World): Promise<Ran> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: service.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  onTestFinished(() => void (child.exitCode === null && child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })))
}

async function runPage({ page, config, before }: RunPage): Promise<void> {
  const found = pages.filter(({ name }) => name === page)
  const samples = found.flatMap(blocksOf).filter(({ language, sample }) => language === 'yaml' && sample === undefined)
  const world = await openWorld(config ?? samples[0]?.code ?? '')
  const blocks = found.flatMap(shellOf).filter(runs)
  expect(blocks.length).toBeGreaterThan(0)
  const script = [before ?? '', ...blocks.map(({ at, code }) => `echo '== ${at}'\n${code}`)].join('\n')
  const here = [...world.places].reduce((text, [place, path]) => text.replaceAll(place, path), script)
  const { code, said } = await shell(here, world)
  expect(code, said).toBe(0)
}

for (const page of runPages)
  needs(...(page.programs ?? []))(page.page, () => {
    test('its shell blocks run, one after the other', () => runPage(page), 180_000)
  })

needs('curl')('a block that fails', () => {
  test('is named', async () => {
    const world = await openWorld('providers: { simulator: {} }')
    const { code, said } = await shell("echo '== here:1'\nai-service chek\necho '== here:2'", world)
    expect({ code, said }).toMatchObject({ code: 64, said: expect.stringContaining('== here:1') })
    expect(said).not.toContain('here:2')
  })
})
