// `ai-service audit tail`: the newest records, and with `--follow` those to come.
import { setTimeout as wait } from 'node:timers/promises'
import { latestRecords } from '../audit/export.ts'
import type { AuditStore } from '../stores/audit-store.ts'
import { withTrail } from './audit-reading.ts'
import { type CliParts, EXIT } from './context.ts'
import { type ConfigOptions, loadOrReport } from './load-or-report.ts'

export interface AuditTailOptions extends ConfigOptions {
  readonly json?: boolean
  readonly lines: string
  readonly follow?: boolean
}

const lookEveryMs = 500

export async function auditTail(parts: CliParts, options: AuditTailOptions): Promise<number> {
  if (!/^[1-9]\d{0,5}$/.test(options.lines)) {
    parts.stderr.write('error: --lines takes a whole number from 1 to 999999.\n')
    return EXIT.usage
  }
  const loaded = await loadOrReport(parts, options, 'no-provider-keys')
  if (loaded === undefined) return EXIT.config
  const print = (text: string): void =>
    void parts.stdout.write(options.json === true ? `${text}\n` : `${describe(text)}\n`)
  return withTrail(parts, loaded, async (store) => {
    const seen = new Map((await store.heads()).map(({ writer, count }) => [writer, count]))
    for (const text of await latestRecords(store, Number(options.lines))) print(text)
    if (options.follow === true) await follow(store, seen, print, parts.interrupted())
    return EXIT.ok
  })
}

async function follow(
  store: AuditStore,
  seen: Map<string, number>,
  print: (text: string) => void,
  interrupted: Promise<void>,
): Promise<void> {
  const over = new AbortController()
  void interrupted.then(() => over.abort())
  while (!over.signal.aborted) {
    for (const { writer, count } of await store.heads()) {
      const from = (seen.get(writer) ?? 0) + 1
      if (count < from) continue
      for (const { text } of await store.read(writer, from, count - from + 1)) print(text)
      seen.set(writer, count)
    }
    // Being interrupted ends the wait, and with it the loop.
    await wait(lookEveryMs, undefined, { signal: over.signal }).catch(() => undefined)
  }
}

/** `2026-11-25T18:43:58.614Z end req_… completed openai/gpt-4o alice`. */
function describe(text: string): string {
  const record = JSON.parse(text) as Readonly<Record<string, unknown>>
  const { time, kind, request_id, outcome, error_code, action, model, actor, latency_ms } = record
  const { asked, used } = readObject(model)
  const { user, key_id } = readObject(actor)
  const parts = [
    time,
    kind,
    request_id ?? action,
    outcome,
    error_code,
    asked,
    used === asked ? undefined : used,
    user ?? key_id,
    typeof latency_ms === 'number' ? `${Math.round(latency_ms)} ms` : undefined,
  ]
  // A name with control characters in it must not reach a terminal as such.
  return parts
    .filter((part) => typeof part === 'string')
    .map((part) => JSON.stringify(part).slice(1, -1))
    .join(' ')
}

function readObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
