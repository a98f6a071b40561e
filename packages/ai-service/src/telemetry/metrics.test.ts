// The scrape has the contract's series, closed labels, and nothing that Prometheus would stumble over.
import { describe, expect, test } from 'vitest'
import { createServiceMetrics, type ServiceMetrics } from './metrics.ts'
import { summary } from './summary.test.kit.ts'

const series = [
  'ai_requests_total',
  'ai_request_duration_seconds',
  'ai_time_to_first_token_seconds',
  'ai_inter_token_seconds',
  'ai_overhead_seconds',
  'ai_attempts_total',
  'ai_errors_total',
  'ai_tokens_used_total',
  'ai_streams_open',
  'ai_cost_usd_total',
  'ai_losses_total',
  'ai_limit_rejections_total',
  'ai_config_version_info',
]

const known = new Set(['gpt-4o', 'gpt-5'])
const create = () =>
  createServiceMetrics({ isKnownModel: (provider, model) => provider === 'openai' && known.has(model) })

async function body(metrics: ServiceMetrics): Promise<string> {
  return (await metrics.render()).body
}

async function samples(metrics: ServiceMetrics, name: string): Promise<string[]> {
  return (await body(metrics)).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

describe('an exchange', () => {
  test('is counted in every series of the contract', async () => {
    const metrics = create()
    metrics.record(summary())
    metrics.record(summary())
    expect(await samples(metrics, 'ai_requests_total')).toEqual([
      'ai_requests_total{provider="openai",model="gpt-4o",endpoint="east",dialect="openai-chat",status="200",code="none"} 2',
    ])
    expect(await samples(metrics, 'ai_tokens_used_total')).toEqual(
      [
        ['input', 206],
        ['cache_read', 20],
        ['cache_write', 8],
        ['output', 114],
        ['reasoning', 40],
      ].map(([kind, tokens]) => `ai_tokens_used_total{provider="openai",model="gpt-4o",kind="${kind}"} ${tokens}`),
    )
    expect(await samples(metrics, 'ai_attempts_total')).toEqual([
      'ai_attempts_total{endpoint="east",outcome="answered"} 2',
    ])
    expect(await samples(metrics, 'ai_overhead_seconds_count')).toEqual(['ai_overhead_seconds_count 2'])
    expect(await samples(metrics, 'ai_request_duration_seconds_count')).toEqual([
      'ai_request_duration_seconds_count{provider="openai",model="gpt-4o",dialect="openai-chat"} 2',
    ])
    for (const name of ['ai_time_to_first_token_seconds', 'ai_inter_token_seconds'])
      expect(await samples(metrics, `${name}_count`)).toEqual([`${name}_count{provider="openai",model="gpt-4o"} 2`])
  })

  test('that failed counts its code and each attempt, and no tokens that nobody reported', async () => {
    const metrics = create()
    const { usage: _usage, ttftMs: _ttftMs, interTokenMs: _interTokenMs, ...rest } = summary()
    const failed = { endpoint: 'west', provider: 'openai', outcome: 'overloaded', status: 529, durationMs: 3 }
    metrics.record({ ...rest, status: 502, code: 'provider_overloaded', outcome: 'failed', attempts: [failed, failed] })
    expect(await samples(metrics, 'ai_errors_total')).toEqual(['ai_errors_total{code="provider_overloaded"} 1'])
    expect(await samples(metrics, 'ai_attempts_total')).toEqual([
      'ai_attempts_total{endpoint="west",outcome="overloaded"} 2',
    ])
    expect(await samples(metrics, 'ai_requests_total')).toEqual([
      expect.stringContaining('status="502",code="provider_overloaded"'),
    ])
    const text = await body(metrics)
    expect(text).not.toMatch(/ai_tokens_used_total\{.*\} [1-9]/)
    expect(text).not.toMatch(/ai_time_to_first_token_seconds_count\{.*\} [1-9]/)
  })

  test('of another endpoint or dialect shares the series that have no such label', async () => {
    const metrics = create()
    metrics.record(summary())
    metrics.record(summary({ endpoint: 'west' }))
    metrics.record(summary({ dialect: 'anthropic-messages' }))
    expect(await samples(metrics, 'ai_requests_total')).toHaveLength(3)
    expect(await samples(metrics, 'ai_request_duration_seconds_count')).toHaveLength(2)
    expect(await samples(metrics, 'ai_tokens_used_total')).toHaveLength(5)
    expect(await samples(metrics, 'ai_time_to_first_token_seconds_count')).toEqual([expect.stringMatching(/ 3$/)])
  })

  test('that reached for no target is labelled none', async () => {
    const metrics = create()
    const { provider: _provider, model: _model, endpoint: _endpoint, ...rest } = summary()
    metrics.record({ ...rest, attempts: [] })
    expect(await samples(metrics, 'ai_requests_total')).toEqual([
      expect.stringContaining('provider="none",model="none",endpoint="none"'),
    ])
  })
})

describe('money', () => {
  test('is summed in whole micro-USD by provider, model and team', async () => {
    const metrics = create()
    // A tenth of a dollar, a million times a micro-dollar: as floating dollars the sum would be off.
    for (let turn = 0; turn < 1_000; turn++) metrics.record(summary({ costMicroUsd: 100_001n }))
    metrics.record(summary({ costMicroUsd: 1n, team: undefined }))
    metrics.record(summary({ costMicroUsd: undefined, team: 'ads' }))
    expect(await samples(metrics, 'ai_cost_usd_total')).toEqual([
      'ai_cost_usd_total{provider="openai",model="gpt-4o",team="search"} 100.001',
      'ai_cost_usd_total{provider="openai",model="gpt-4o",team="none"} 0.000001',
    ])
  })
})

test('losses are counted by path without indices, and what clients make up is other', async () => {
  const metrics = create()
  const loss = (path: string) => ({ kind: 'dropped', path, reason: '' }) as const
  const paths = ['messages.0.content.1.cache_control', 'messages.17.content.0.cache_control', 'seed', 'max_tokens']
  const invented = [
    'x-canary',
    'messages.0.canary',
    '',
    '0',
    'a.'.repeat(500),
    '__proto__',
    Array.from({ length: 9 }, () => 'content').join('.'),
  ]
  metrics.record(summary({ losses: [...paths, ...invented].map(loss) }))
  expect(await samples(metrics, 'ai_losses_total')).toEqual([
    'ai_losses_total{path="messages.content.cache_control"} 2',
    'ai_losses_total{path="seed"} 1',
    'ai_losses_total{path="max_tokens"} 1',
    `ai_losses_total{path="other"} ${invented.length}`,
  ])
})

test('a limit that refuses is counted', async () => {
  const metrics = create()
  metrics.recordLimit('team requests')
  metrics.recordLimit('team requests')
  expect(await samples(metrics, 'ai_limit_rejections_total')).toEqual([
    'ai_limit_rejections_total{limit="team requests"} 2',
  ])
})

test('the configuration that serves is shown, and no older one', async () => {
  let version = 'a1'
  const metrics = createServiceMetrics({ configVersion: () => version })
  expect(await samples(metrics, 'ai_config_version_info')).toEqual(['ai_config_version_info{hash="a1"} 1'])
  version = 'b2'
  expect(await samples(metrics, 'ai_config_version_info')).toEqual(['ai_config_version_info{hash="b2"} 1'])
})

describe('what is not there has no series', () => {
  const absent = async (metrics: ServiceMetrics): Promise<unknown> =>
    Promise.all(
      ['ai_audit_recording', 'ai_backup_last_success_timestamp_seconds', 'ai_backup_interval_seconds'].map((name) =>
        samples(metrics, name),
      ),
    )

  test('a trail that is off, and backups that nobody asked for', async () => {
    expect(await absent(create())).toEqual([[], [], []])
  })

  test('backups that were switched off again', async () => {
    const metrics = create()
    metrics.backupsScheduled(3_600)
    expect(await samples(metrics, 'ai_backup_interval_seconds')).toEqual(['ai_backup_interval_seconds 3600'])
    metrics.backupsScheduled(undefined)
    expect(await samples(metrics, 'ai_backup_interval_seconds')).toEqual([])
  })

  test('a trail that is on says whether it records', async () => {
    let isRecording = true
    const audit = { counts: new Map(), depth: () => 0, isRecording: () => isRecording }
    const metrics = createServiceMetrics({ audit })
    expect(await samples(metrics, 'ai_audit_recording')).toEqual(['ai_audit_recording 1'])
    isRecording = false
    expect(await samples(metrics, 'ai_audit_recording')).toEqual(['ai_audit_recording 0'])
  })
})

test('tells its version, its memory limit, and lines that the reader of the log missed', async () => {
  const metrics = createServiceMetrics({ version: '1.2.3', memoryLimitBytes: 512, droppedLines: () => 7 })
  expect(await samples(metrics, 'ai_service_build_info')).toEqual(['ai_service_build_info{version="1.2.3"} 1'])
  expect(await samples(metrics, 'ai_memory_limit_bytes')).toEqual(['ai_memory_limit_bytes 512'])
  expect(await samples(metrics, 'ai_telemetry_dropped_total')).toEqual(['ai_telemetry_dropped_total{signal="logs"} 7'])
})

test('a thousand invented models make one series', async () => {
  const metrics = create()
  for (let turn = 0; turn < 1_000; turn++) metrics.record(summary({ model: `invented-${turn}"}\n` }))
  metrics.record(summary({ provider: 'groq' }))
  expect(await samples(metrics, 'ai_requests_total')).toEqual([
    expect.stringMatching(/provider="openai",model="other".* 1000$/),
    expect.stringMatching(/provider="groq",model="other".* 1$/),
  ])
  expect((await body(metrics)).length).toBeLessThan(20_000)
})

test('refusals count as errors, and open streams go up and down', async () => {
  const metrics = create()
  metrics.recordRefusal('caller_route_not_found')
  metrics.recordRefusal('caller_route_not_found')
  metrics.streamOpened()
  metrics.streamOpened()
  metrics.streamClosed()
  expect(await samples(metrics, 'ai_errors_total')).toEqual(['ai_errors_total{code="caller_route_not_found"} 2'])
  expect(await samples(metrics, 'ai_streams_open')).toEqual(['ai_streams_open 1'])
})

test('a scrape changes nothing: two in a row say the same', async () => {
  const metrics = create()
  metrics.record(summary({ status: 502, code: 'provider_failed' }))
  expect(await body(metrics)).toBe(await body(metrics))
})

describe('the text', () => {
  const usage = {
    memoryUsage: () => process.memoryUsage(),
    cpuUsage: () => process.cpuUsage(),
    uptime: () => process.uptime(),
  }

  test('is what Prometheus reads: help and type once per series, samples below them, base units, sane names', async () => {
    const metrics = createServiceMetrics({
      isKnownModel: () => true,
      runtime: { ...usage, version: process.version },
      configVersion: () => 'a1',
    })
    metrics.record(summary({ code: 'provider_failed' }))
    const { contentType, body: text } = await metrics.render()
    metrics.close()
    expect(contentType).toContain('text/plain; version=0.0.4')
    expect(text.endsWith('\n')).toBe(true)
    const seen = new Map<string, string>()
    let current = ''
    for (const line of text.split('\n').filter((part) => part !== '')) {
      const declared = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line)
      if (declared?.[1] === 'TYPE') seen.set(declared[2]!, declared[3]!)
      if (declared) current = declared[2]!
      const isSample = /^[a-z0-9_]+(\{([a-z_]+="[^"\n]*",?)+\})? [0-9.e+-]+$/.test(line) && line.startsWith(current)
      expect({ line, ok: declared !== null || isSample }).toEqual({ line, ok: true })
    }
    expect(text.match(/^# TYPE /gm)).toHaveLength(seen.size)
    for (const name of series) expect(seen.has(name)).toBe(true)
    for (const [name, type] of seen)
      expect({ name, ends: name.endsWith('_total') }).toEqual({ name, ends: type === 'counter' })
    expect([...seen.keys()].filter((name) => /_(ms|kb|mb|minutes|percent)\b/.test(name))).toEqual([])
  })

  test('tells the process: memory, CPU, descriptors and the delay of the event loop', async () => {
    const metrics = createServiceMetrics({ runtime: { ...usage, version: process.version } })
    const text = await body(metrics)
    metrics.close()
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'process_start_time_seconds',
      'nodejs_heap_size_used_bytes',
    ])
      expect(Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1])).toBeGreaterThan(0)
    expect(text).toContain(`nodejs_version_info{version="${process.version}"} 1`)
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds [0-9.e-]+$/m)
  })

  test('without a process says nothing of one', async () => {
    expect(await body(create())).not.toMatch(/process_|nodejs_/)
  })
})
