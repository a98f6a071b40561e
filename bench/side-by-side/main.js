// The side-by-side bench: the service, nginx, Portkey's gateway and a plain pipe, each on one core, in one run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort, loadCore, run, startPinned, stopAll, untilListening } from './children.js'
import { judge } from './gates.js'
import { measureRows } from './measure.js'
import { startNginx } from './nginx.js'
import { startPipe } from './pipe.js'
import { startPortkey } from './portkey.js'
import { residentBytes } from './proc.js'
import { machine, machineSlug, summarise, tableLines } from './report.js'
import { rows as allRows } from './rows.js'
import { startService } from './service.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const starters = {
  service: startService,
  nginx: startNginx,
  portkey: startPortkey,
  pipe: startPipe,
  // The service as it is by default, its audit trail on; asked for by name.
  audited: (context) => startService({ ...context, withAudit: true }),
  // With all that a request can meet on its way, in a row of its own.
  equipped: async (context) => ({ ...(await startService({ ...context, isEquipped: true })), rows: ['equipped'] }),
}
const standard = 'service,nginx,portkey,pipe,equipped'
const usage = `npm run bench -- [--quick] [--gate] [--rounds N] [--seconds N] [--streams N]
                 [--rows ${allRows.map(({ name }) => name).join(',')}] [--contenders ${Object.keys(starters).join(',')}]
npm run bench -- --micro`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string' },
    streams: { type: 'string', default: '500' },
    rows: { type: 'string', default: allRows.map(({ name }) => name).join(',') },
    contenders: { type: 'string', default: standard },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(`${usage}\n`)
else process.exitCode = await bench()

async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-bench-'))
  try {
    const versions = await toolVersions()
    const result = await measure(folder, versions)
    const { lines, file, gates } = result
    process.stdout.write(`${lines.join('\n')}\n\nwritten to ${file}\n`)
    return values.gate && gates.some(({ passed }) => !passed) ? 1 : 0
  } finally {
    await stopAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(folder, versions) {
  const seconds = Number(values.seconds ?? (values.quick ? 2 : 4))
  const rounds = Number(values.rounds)
  const context = {
    folder,
    root,
    node: process.execPath,
    workFolder: join(root, 'bench', '.work'),
    streams: Number(values.streams),
  }
  const rows = allRows.filter(({ name }) => values.rows.split(',').includes(name))
  const started = await startAll(context)
  const say = (text) => process.stderr.write(`${text}\n`)
  const records = await measureRows({ rows, ...started, rounds, seconds, context, say })
  const { medianOf, sumOf } = summarise(records)
  const figureOf = (row) => allRows.find(({ name }) => name === row).figure
  const gates = judge({
    medianOf: (row, name, figure = figureOf(row)) => medianOf(row, name, figure),
    sumOf,
    idleBytes: started.idle.service ?? Number.NaN,
    streams: context.streams,
  })
  const names = started.contenders.map(({ name }) => name)
  const lines = tableLines({ rows, names, records, medianOf, idle: started.idle, gates })
  const about = machine(process.version)
  const file = join('bench', 'results', `${new Date().toISOString().slice(0, 10)}-${machineSlug(about)}.json`)
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '')
  const options = { rounds, seconds, streams: context.streams }
  const report = {
    date: new Date().toISOString(),
    command,
    machine: about,
    versions,
    options,
    idleBytes: started.idle,
    gates,
    rounds: records,
  }
  mkdirSync(join(root, 'bench', 'results'), { recursive: true })
  writeFileSync(join(root, file), `${JSON.stringify(report, undefined, 1)}\n`)
  return { lines, file, gates }
}

async function startAll(context) {
  const { node } = context
  const fixedPort = await startUpstream('fixed-upstream.js', node)
  const simulatorPort = await startUpstream('simulator-upstream.js', node)
  const contenders = []
  for (const name of values.contenders.split(',')) {
    contenders.push({ name, ...(await starters[name]({ ...context, fixedPort, simulatorPort })) })
  }
  await sleep(2_000)
  const idle = Object.fromEntries(contenders.map(({ name, pid }) => [name, residentBytes(pid)]))
  const direct = { name: 'direct', unary: { port: fixedPort, headers: {}, model: 'bench' } }
  return { contenders, direct, idle }
}

async function startUpstream(file, node) {
  const port = await freePort()
  const handle = startPinned(loadCore, node, [fileURLToPath(new URL(file, import.meta.url)), String(port)])
  await untilListening(port, file, handle)
  return port
}

/** @throws where a tool is missing. */
async function toolVersions() {
  try {
    const nginx = await run('sh', ['-c', 'nginx -v 2>&1'])
    const wrk = await run('sh', [
      '-c',
      'command -v taskset >/dev/null && wrk -v 2>&1 | head -1; command -v wrk >/dev/null',
    ])
    return { nginx: nginx.trim(), wrk: wrk.split(' Copyright')[0].trim(), portkey: '1.15.2' }
  } catch {
    throw new Error('The bench needs Linux with nginx, wrk and taskset: apt-get install nginx-light wrk util-linux')
  }
}
