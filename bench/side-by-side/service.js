// The service under test, as a user runs it: caller keys on, metrics on, one log line per request, the provider named in the model.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, gatewayCore, run, startPinned, untilListening } from './children.js'

export async function startService({
  node,
  nodeArgs = [],
  root,
  folder,
  fixedPort,
  simulatorPort,
  env,
  withAudit = false,
  isEquipped = false,
}) {
  const bin = join(root, 'packages', 'ai-service', 'bin', 'ai-service.js')
  const home = join(folder, `service-${process.hrtime.bigint()}`)
  mkdirSync(home)
  const file = join(home, 'ai-service.yaml')
  const [port, metricsPort] = [await freePort(), await freePort()]
  const plan = { port, metricsPort, fixedPort, simulatorPort, withAudit: withAudit || isEquipped, isEquipped }
  const keyed = {
    ...(env ?? process.env),
    BENCH_KEY_1: 'sk-bench-1-0123456789',
    BENCH_KEY_2: 'sk-bench-2-0123456789',
    BENCH_KEY_3: 'sk-bench-3-0123456789',
  }
  writeFileSync(file, configuration(plan, []))
  const created = await run(node, [bin, 'keys', 'create', '--config', file, '--id', 'bench', '--json'], { env: keyed })
  const { key, entry } = JSON.parse(created)
  writeFileSync(file, configuration(plan, [entry]))
  const handle = startPinned(gatewayCore, node, [...nodeArgs, bin, 'start', '--config', file], {
    logFile: join(home, 'stderr.log'),
    env: keyed,
  })
  await untilListening(port, 'ai-service', handle)
  const headers = { authorization: `Bearer ${key}` }
  return {
    pid: handle.pid,
    stop: handle.stop,
    metricsPort,
    // The prefix has to come out again, and streams get usage asked for and stripped: the splice lane.
    unary: { port, headers, model: 'fixed/bench' },
    stream: { port, headers, modelPrefix: 'bench/' },
  }
}

// YAML reads JSON.
function configuration({ port, metricsPort, fixedPort, simulatorPort, withAudit, isEquipped }, keys) {
  const providerKeys = [1, 2, 3].map((number) => ({ secret: `env:BENCH_KEY_${number}` }))
  const provider = (upstreamPort) => ({
    kind: 'openai-compatible',
    baseUrl: `http://127.0.0.1:${upstreamPort}/v1`,
    private: true,
    ...(isEquipped ? { keys: providerKeys } : {}),
  })
  return JSON.stringify({
    server: { host: '127.0.0.1', port, admin: { port: 0 }, metrics: { port: metricsPort }, drainDelay: '0s' },
    providers: { bench: provider(simulatorPort), fixed: provider(fixedPort) },
    auth: { mode: 'keys', keys },
    audit: { enabled: withAudit },
    ...(isEquipped ? { cache: { enabled: true } } : {}),
  })
}
