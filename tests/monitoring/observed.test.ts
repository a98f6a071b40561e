// A real Prometheus looks at real services, one of them well and the others not: every series has values, every query of the
// dashboard finds data, and every alert fires once, of a real fault.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runtimeSpecs, seriesSpecs } from '../../packages/ai-service/src/telemetry/series-specs.ts'
import { eventually } from '../faults/asking.ts'
import { cgroupsWork } from '../kit/cgroup.ts'
import { type PrometheusServer, type Sample, startPrometheus } from '../kit/prometheus.ts'
import { needs, needsThat, programPath } from '../require.ts'
import { dashboard, filledIn, queries } from './dashboard-file.ts'
import { faster, type Pace } from './faster-rules.ts'
import { startCramped } from './parts/cramped.ts'
import { startFailing } from './parts/failing.ts'
import { startHealthy } from './parts/healthy.ts'
import type { Part } from './parts/part.ts'
import { startRolling } from './parts/rolling.ts'
import { startSpooling } from './parts/spooling.ts'
import { startStalled } from './parts/stalled.ts'
import { alerts, prometheusFolder, readRules } from './rule-file.ts'

/** Which part has the fault that an alert is about. */
const faults: Readonly<Record<string, string>> = {
  AiServiceAuditStalled: 'stalled',
  AiServiceErrors: 'stalled',
  AiServiceConfigRejected: 'stalled',
  AiServiceTelemetryDropped: 'stalled',
  AiServiceBackupMissing: 'stalled',
  AiServiceBackupOld: 'failing',
  AiServiceProviderErrors: 'failing',
  AiServiceSlow: 'failing',
  AiServiceFirstTokenSlow: 'failing',
  AiServiceConnectionsQueue: 'failing',
  AiServiceCacheStoreErrors: 'failing',
  AiServiceProviderKeyQuarantined: 'failing',
  AiServiceProviderQuotaExhausted: 'failing',
  AiServiceProviderKeySourceAway: 'failing',
  AiServiceProviderKeysAllOut: 'failing',
  AiServiceEndpointOut: 'failing',
  AiServiceModelDown: 'failing',
  AiServiceAuditSpooling: 'spooling',
  AiServiceAuditRecordsLost: 'spooling',
  AiServiceLimitsRefuse: 'rolling',
  AiServiceEventLoopLag: 'rolling',
  AiServiceConfigsDiffer: 'rolling',
  AiServiceRestarting: 'rolling',
  AiServiceInstanceDown: 'rolling',
  AiServiceDown: 'rolling',
}

/** What a busy machine may do to a service that is well. */
const ofBusyMachines = [
  'AiServiceEventLoopLag',
  'AiServiceInstanceDown',
  'AiServiceSlow',
  'AiServiceFirstTokenSlow',
  'AiServiceCacheStoreErrors',
]

const pace: Pace = {
  factor: 120,
  leastRange: 5,
  instead: {
    AiServiceSlow: [['> 60', '> 2']],
    AiServiceFirstTokenSlow: [['> 10', '> 2']],
    // A backup is due once a minute at most.
    AiServiceBackupOld: [['> 2 *', '> 0.1 *']],
    // Long enough for three starts.
    AiServiceRestarting: [['[15m]', '[60m]']],
  },
}

/** The shipped configuration, but for its pace and for where services are. */
function configuration(): unknown {
  const shipped = parse(readFileSync(join(prometheusFolder, 'prometheus.yaml'), 'utf8')) as {
    readonly scrape_configs: readonly Record<string, unknown>[]
  }
  return {
    ...shipped,
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs: shipped.scrape_configs.map(({ dns_sd_configs: _names, ...job }) => job),
  }
}

needs(
  'prometheus',
  'redis-server',
  'postgres',
)('observed', () => {
  let prometheus: PrometheusServer | undefined
  let starting: readonly Promise<Part>[] = []

  beforeAll(async () => {
    starting = [startHealthy(), startFailing(), startStalled(), startSpooling(), startRolling()]
    if (cgroupsWork) starting = [...starting, startCramped()]
    const parts = await Promise.all(starting)
    const targets = parts.map(({ target }) => target)
    prometheus = await startPrometheus({ config: configuration(), rules: faster(readRules(), pace), targets })
    const count = targets.flatMap((target) => target.targets).length
    await eventually(async () => (await query('up == 1')).length === count, 'the first scrapes', 20_000)
    for (const part of parts) part.begin(fired)
  }, 90_000)

  afterAll(async () => {
    // Where one did not start the others are there all the same.
    const started = await Promise.allSettled(starting)
    await Promise.all(started.flatMap((each) => (each.status === 'fulfilled' ? each.value.stop() : [])))
    await prometheus?.stop()
  }, 60_000)

  async function fired(alert: string, namespace: string): Promise<boolean> {
    const past = `count_over_time(ALERTS{alertname="${alert}", namespace="${namespace}", alertstate="firing"}[1h])`
    return (await query(past)).length > 0
  }

  async function query(expression: string): Promise<readonly Sample[]> {
    return prometheus === undefined ? [] : prometheus.query(expression)
  }

  const hasData = async (expression: string, least = Number.NEGATIVE_INFINITY): Promise<boolean> =>
    (await query(expression)).some(({ value }) => Number.isFinite(value) && value >= least)

  describe('every series of a scrape has values', () => {
    const specs = [...Object.values(seriesSpecs), ...Object.values(runtimeSpecs)]
    test.each(specs.map(({ name, type }) => [name, type] as const))('%s', { timeout: 60_000 }, async (name, type) => {
      const selected = `${type === 'histogram' ? `${name}_count` : name}{namespace="healthy", job="ai-service"}`
      // Of a counter somebody must have counted; this one counts what is lost.
      const least = type === 'gauge' || name === 'ai_telemetry_dropped_total' ? 0 : Number.MIN_VALUE
      await eventually(() => hasData(selected, least), name, 50_000)
    })
  })

  describe('every query of the dashboard finds data', () => {
    const variables = { namespace: 'healthy', __rate_interval: '10s', __range: '5m' }
    test.each(queries.map(({ title, expr }) => [title, expr] as const))('%s', { timeout: 60_000 }, async (_t, expr) => {
      const filled = filledIn(expr, variables)
      await eventually(() => hasData(filled), filled, 50_000)
    })
  })

  test('`promtool check metrics` has nothing to say about all of it', async () => {
    const [healthy] = await Promise.all(starting)
    const text = await (await fetch(`http://${healthy?.target.targets[0]}/metrics`)).text()
    expect(text).toContain('ai_trace_spans_total')
    expect(execFileSync(programPath('promtool') ?? '', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe(
      '',
    )
  })

  test('every variable of the dashboard has values to choose from, and its marks are a query', async () => {
    const choices = dashboard.templating.list.flatMap(({ definition = '' }) => {
      const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? []
      return series === '' ? [] : [{ series, label }]
    })
    expect(choices).toHaveLength(dashboard.templating.list.length - 1)
    for (const { series, label } of choices) {
      const found = await query(`count by (${label}) (${filledIn(series)})`)
      expect(found.filter(({ labels }) => labels[label] !== undefined).length, label).toBeGreaterThan(0)
    }
    for (const { expr } of dashboard.annotations.list) await query(filledIn(expr))
  })

  describe('every alert fires of a real fault', () => {
    test('there is a fault for each', () => {
      expect([...Object.keys(faults), 'AiServiceMemoryHigh'].toSorted()).toEqual(
        alerts.map(({ alert }) => alert).toSorted(),
      )
    })

    test.each(Object.entries(faults))('%s where services are %s', { timeout: 90_000 }, async (alert, namespace) => {
      await eventually(() => fired(alert, namespace), alert, 80_000)
    })

    needsThat(cgroupsWork, { need: 'control groups', enable: 'run as root where /sys/fs/cgroup is writable' })(
      'with a control group',
      () => {
        test('AiServiceMemoryHigh where services are cramped', { timeout: 90_000 }, async () => {
          await eventually(() => fired('AiServiceMemoryHigh', 'cramped'), 'AiServiceMemoryHigh', 80_000)
        })
      },
    )
  })

  test('the service that is well fires none', async () => {
    const past = await query('count_over_time(ALERTS{namespace="healthy", alertstate="firing"}[1h])')
    const names = past.map(({ labels }) => labels['alertname'] ?? '')
    expect(names.filter((name) => !ofBusyMachines.includes(name))).toEqual([])
  })
})
