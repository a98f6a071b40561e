// What the service tells of itself when somebody scrapes: its version and configuration, queues, audit trail and backups.
import { Counter, type Registry } from 'prom-client'
import { readGauge, readGauges } from './read-gauge.ts'
import { seriesSpecs as specs } from './series-specs.ts'

export interface ServiceState {
  /** Hash of the configuration that serves. */
  readonly configVersion?: () => string | undefined
  /** Of the service itself. */
  readonly version?: string
  readonly memoryLimitBytes?: number
  /** Requests that wait for a connection, by provider. */
  readonly waiting?: () => ReadonlyMap<string, number>
  readonly audit?: AuditState
  /** What became of spans, and how many wait; undefined where nothing is traced. */
  readonly traces?: { readonly counts: ReadonlyMap<string, number>; readonly depth: () => number | undefined }
  /** Lines that the reader of the log missed. */
  readonly droppedLines?: () => number
}

export interface AuditState {
  /** What became of records. */
  readonly counts: ReadonlyMap<string, number>
  /** How many wait. */
  readonly depth: () => number
  /** Whether any sink takes records; undefined where the trail is off. */
  readonly isRecording: () => boolean | undefined
}

export interface ReloadSeries {
  recordReload(outcome: 'applied' | 'unchanged' | 'rejected'): void
}

export interface OverloadSeries {
  /** Requests are refused for this, or no longer. */
  overloaded(cause: 'memory' | 'loop', isOn: boolean): void
}

export interface BackupSeries {
  /** Seconds since the epoch of the last one that went well. */
  succeeded(seconds: number): void
  /** Undefined where none are taken any more. */
  scheduled(intervalSeconds: number | undefined): void
}

const noTraces: NonNullable<ServiceState['traces']> = { counts: new Map(), depth: () => undefined }
const noAudit: AuditState = { counts: new Map(), depth: () => 0, isRecording: () => undefined }

export function registerServiceSeries(
  registry: Registry,
  {
    configVersion = () => undefined,
    version,
    memoryLimitBytes,
    waiting = () => new Map(),
    audit = noAudit,
    traces = noTraces,
    droppedLines = () => 0,
  }: ServiceState,
): BackupSeries & ReloadSeries & OverloadSeries {
  readGauges(registry, specs.queues, () => [
    ...[...waiting()].map(([provider, depth]) => [`upstream:${provider}`, depth] as const),
    ['audit', audit.depth()],
    ...ofTraces(traces.depth()),
  ])
  readCounts(registry, specs.audit, () => audit.counts)
  readGauge(registry, specs.auditRecording, () => {
    const isRecording = audit.isRecording()
    return isRecording === undefined ? undefined : Number(isRecording)
  })
  readGauges(registry, specs.config, () => info(configVersion()))
  readGauges(registry, specs.build, () => info(version))
  readGauge(registry, specs.memoryLimit, () => memoryLimitBytes)
  readCounts(registry, specs.spans, () => traces.counts)
  readCounts(registry, specs.dropped, () => new Map([['logs', droppedLines()], ...undelivered(traces)]))
  return { ...registerBackups(registry), ...registerReloads(registry), ...registerOverload(registry) }
}

function registerReloads(registry: Registry): ReloadSeries {
  // From 0 on: a counter that begins with its first refusal shows no increase. The configuration of the start was good.
  const counts = new Map<string, number>(['applied', 'unchanged', 'rejected'].map((outcome) => [outcome, 0]))
  let isSuccessful = true
  readCounts(registry, specs.reloads, () => counts)
  readGauge(registry, specs.lastReload, () => Number(isSuccessful))
  return {
    recordReload(outcome) {
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
      isSuccessful = outcome !== 'rejected'
    },
  }
}

function registerOverload(registry: Registry): OverloadSeries {
  const refusing = new Map<string, number>([
    ['memory', 0],
    ['loop', 0],
  ])
  readGauges(registry, specs.overload, () => [...refusing])
  return { overloaded: (cause, isOn) => void refusing.set(cause, Number(isOn)) }
}

function undelivered({ counts, depth }: typeof noTraces): readonly (readonly [string, number])[] {
  const of = (outcome: string): number => counts.get(outcome) ?? 0
  return ofTraces(depth() === undefined ? undefined : of('dropped') + of('refused') + of('lost'))
}

function ofTraces(figure: number | undefined): readonly (readonly [string, number])[] {
  return figure === undefined ? [] : [['traces', figure]]
}

function info(value: string | undefined): readonly (readonly [string, number])[] {
  return value === undefined ? [] : [[value, 1]]
}

// Without backups there are no series: 0 would look like one that has failed for decades.
function registerBackups(registry: Registry): BackupSeries {
  let last: number | undefined
  let interval: number | undefined
  readGauge(registry, specs.backup, () => last)
  readGauge(registry, specs.backupInterval, () => interval)
  return {
    succeeded: (seconds) => void (last = seconds),
    scheduled: (seconds) => void (interval = seconds),
  }
}

type CountSpec = typeof specs.audit | typeof specs.dropped | typeof specs.spans | typeof specs.reloads

function readCounts(
  registry: Registry,
  { name, help, labelNames: [label] }: CountSpec,
  read: () => ReadonlyMap<string, number>,
): void {
  const counter = new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      counter.reset()
      for (const [value, count] of read()) counter.inc({ [label]: value }, count)
    },
  })
}
