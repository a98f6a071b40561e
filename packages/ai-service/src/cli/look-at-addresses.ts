// Whether the configured addresses can be listened on, and by whom they are taken where they are.
import { createServer } from 'node:net'
import type { Config, ListenerAddress } from '../config/config.ts'
import { errorCodeOf } from '../secrets/sources.ts'
import { askSelf, type SelfAnswer } from './ask-self.ts'
import { type Finding, unwell, well } from './finding.ts'
import { whoListens } from './who-listens.ts'

interface Looked {
  readonly what: string
  readonly address: ListenerAddress
  /** Whether what is taken is taken by an ai-service. */
  isOurs(): Promise<boolean>
  /** Where another port is chosen. */
  readonly setting: string
}

export async function lookAtAddresses({ server, telemetry }: Config): Promise<readonly Finding[]> {
  const { metrics } = server
  const data: Looked = {
    what: `address ${server.host}:${server.port}`,
    address: server,
    isOurs: async () => says(await askSelf(server, '/health/live'), '"status":"live"'),
    setting: 'AI_SERVICE_PORT or server.port',
  }
  const scraped: Looked = {
    what: `metrics address ${metrics.host}:${metrics.port}`,
    address: metrics,
    isOurs: async () => says(await askSelf(metrics, '/metrics'), '# TYPE ai_'),
    setting: 'AI_SERVICE_METRICS_PORT or server.metrics.port',
  }
  const hasMetrics = telemetry.metrics.enabled && metrics.port !== 0
  return Promise.all([lookAt(data), ...(hasMetrics ? [lookAt(scraped)] : [])])
}

function says(answer: SelfAnswer, word: string): boolean {
  return answer.kind === 'answered' && answer.status === 200 && answer.body.includes(word)
}

async function lookAt({ what, address, isOurs, setting }: Looked): Promise<Finding> {
  const code = await tryToListen(address)
  if (code === undefined) return well(what, 'free')
  const detail = `cannot be listened on (${code})`
  if (code === 'EADDRINUSE') {
    const holder = whoListens(address.port)
    if (await isOurs())
      return well(what, `in use, by an ai-service that answers${holder === undefined ? '' : `: ${holder}`}`)
    const find = `Stop what uses it${holder === undefined ? ` (ss -ltnp 'sport = :${address.port}' shows it)` : ''}, or choose another port with ${setting}.`
    return unwell(what, `${detail}: taken by ${holder ?? 'another program'}`, find)
  }
  if (code === 'EACCES')
    return unwell(what, detail, `Ports below 1024 need a privilege: choose another with ${setting}.`)
  return unwell(
    what,
    detail,
    'This machine has no such address: 0.0.0.0 or :: are all that it has, 127.0.0.1 is itself.',
  )
}

function tryToListen({ host, port }: ListenerAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(errorCodeOf(error)))
    server.listen({ host: host.replace(/^\[|\]$/g, ''), port }, () => server.close(() => resolve(undefined)))
  })
}
