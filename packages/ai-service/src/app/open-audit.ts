// Opens the audit trail as configured: thread, policy, sinks, and what metrics and readiness are told of it.
import { draftOf, encodeDraft } from '../audit/draft.ts'
import type { AuditPlace } from '../audit/messages.ts'
import { openOnce } from '../audit/open-once.ts'
import { openAuditThread } from '../audit/open-thread.ts'
import { RequestRecords } from '../audit/record.ts'
import { type AuditOutcome, auditOutcomes, AuditTrail, type LinePrinter } from '../audit/trail.ts'
import type { Config, LoadedConfig } from '../config/config.ts'
import type { HealthState } from '../http/health.ts'
import type { RequestAudit } from '../policies/audit.ts'
import type { Log } from '../telemetry/log.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { createPriceList } from './price-list.ts'

export interface OpenAudit {
  /** Records of requests that this configuration serves; undefined where the trail is switched off. */
  requestsOf(loaded: LoadedConfig): RequestAudit | undefined
  /** What became of records so far, and how many wait. */
  readonly counts: ReadonlyMap<AuditOutcome, number>
  readonly depth: () => number
  /** Whether any sink takes records; undefined where the trail is switched off. */
  readonly isRecording: () => boolean | undefined
  /** One record of an administrative action, such as `key.rotated`; fields hold no secret. */
  recordAdmin(action: string, fields?: Readonly<Record<string, unknown>>): void
  /** Writes what is queued. */
  close(): Promise<void>
}

export interface OpenAuditParts {
  readonly loaded: LoadedConfig
  readonly log: Log
  readonly redactor: Redactor
  readonly version: string
  readonly health: HealthState
  /** Where records and signed heads are printed. */
  readonly printer: LinePrinter
}

const off: OpenAudit = {
  requestsOf: () => undefined,
  counts: new Map(),
  depth: () => 0,
  isRecording: () => undefined,
  recordAdmin: () => undefined,
  close: async () => undefined,
}

/** @throws TrailUnusable. */
export async function openAudit(parts: OpenAuditParts): Promise<OpenAudit> {
  const { loaded, redactor } = parts
  const { audit } = loaded.config
  if (!audit.enabled) return off
  // From 0 on: a counter that begins with its first loss shows no increase.
  const counts = new Map<AuditOutcome, number>(auditOutcomes.map((outcome) => [outcome, 0]))
  const trail = await openTrail(
    parts,
    (outcome, records) => void counts.set(outcome, (counts.get(outcome) ?? 0) + records),
  )
  const dropped = new WeakSet<object>()
  return {
    counts,
    depth: () => trail.depth,
    isRecording: () => !trail.isAway,
    recordAdmin: (action, fields) => void trail.recordAdmin(action, fields),
    close: () => trail.close(),
    requestsOf: (serving) => requestAudit(trail, recordsOf(serving, redactor), serving.config, dropped),
  }
}

function recordsOf({ config, version }: LoadedConfig, redactor: Redactor): RequestRecords {
  return new RequestRecords({
    configVersion: version,
    excerpt: (text, maxChars) => redactor.excerpt(text, maxChars),
    costMicroUsd: createPriceList(config, () => Date.now()),
    nowMs: () => Date.now(),
  })
}

/** @param dropped exchanges whose start was not taken. */
function requestAudit(
  trail: AuditTrail,
  records: RequestRecords,
  { audit: { durability } }: Config,
  dropped: WeakSet<object>,
): RequestAudit {
  const urgency = durability === 'async' ? 'later' : 'soon'
  return {
    durability,
    start(exchange) {
      trail.admit()
      const ticket = trail.append(records.start(exchange), urgency)
      if (ticket === 0) dropped.add(exchange)
      return ticket
    },
    end(exchange, settlement) {
      // An end without its start would say less than nothing.
      if (!dropped.has(exchange)) trail.append(records.end(exchange, settlement), 'later')
    },
    durable: (ticket) => trail.durable(ticket),
  }
}

async function openTrail(
  { loaded, log, version, health, printer }: OpenAuditParts,
  count: (outcome: AuditOutcome, records: number) => void,
): Promise<AuditTrail> {
  const { audit } = loaded.config
  const place = placeOf(loaded.config, openingRecord(loaded, version))
  const onWarning = (warning: string): void => log.warn(warning)
  // The head is what a stolen database cannot be made to agree with: it belongs where the log goes.
  const onHead = (head: string): void =>
    printer.print(`{"level":"info","message":"audit head",${head.slice(1)}\n`, () => undefined)
  // A network is nothing to wait for on this thread; a file is opened, looked at and closed again before there is one.
  const isRemote = place.database.kind === 'postgres'
  if (!isRemote) await openOnce(place, { onWarning, onHead, print: (text) => printer.print(text, () => undefined) })
  let opening = isRemote ? place.opening : ''
  return AuditTrail.open({
    openThread: (events) => {
      const thread = openAuditThread({ ...place, opening }, events)
      opening = ''
      return thread
    },
    eager: isRemote,
    whenAway: audit.whenAway,
    stores: place.database.kind !== 'none',
    ...(place.prints ? { printer } : {}),
    count,
    onState(state, reason) {
      if (state === 'away') log.error('the audit trail cannot record', { reason, when_away: audit.whenAway })
      else log.info('the audit trail records again')
      if (audit.whenAway === 'allow') return
      if (state === 'away') health.missingStores.add('audit')
      else health.missingStores.delete('audit')
    },
    onHead,
    onWarning,
  })
}

/** Where the configuration keeps its trail; commands open the same. */
export function placeOf({ audit, stores }: Config, opening: string): AuditPlace {
  const { database } = stores
  const isStored = audit.sinks.includes('store')
  const where =
    database.kind === 'sqlite'
      ? ({ kind: 'sqlite', path: database.path } as const)
      : ({ kind: 'postgres', url: database.url.url.reveal() } as const)
  return {
    database: isStored ? where : { kind: 'none' },
    base: database.localPath,
    ...(audit.signingKey === undefined ? {} : { signingKey: audit.signingKey.reveal() }),
    spoolBytes: audit.spoolBytes,
    prints: audit.sinks.includes('stdout'),
    opening,
  }
}

// It also shows at the start, and not at the first request, whether anything can be written.
function openingRecord({ version: configVersion }: LoadedConfig, version: string): string {
  const time = new Date().toISOString()
  return encodeDraft(draftOf('admin', '', { action: 'service.start', config_version: configVersion, time, version }))
}
