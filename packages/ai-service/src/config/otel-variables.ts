// OpenTelemetry's own variables, as far as traces have them; one for traces alone wins over the general one.
//
// Platforms set them for everything that runs there. What this service does not understand of them is warned of and ignored,
// as OpenTelemetry's specification wants it: a collector's settings must not keep a gateway from starting.
import { type Building, variable } from './building.ts'
import type { Findings } from './problem.ts'

/** What the variables say of traces. */
export interface OtelVariables {
  readonly isOff: boolean
  /** With its path. */
  readonly endpoint: { readonly name: string; readonly text: string; readonly isWhole: boolean } | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly certificate: string | undefined
  readonly sampling: { readonly sample: number; readonly followsParent: boolean } | undefined
  readonly compression: 'none' | 'gzip' | undefined
  readonly queue: number | undefined
  readonly intervalMs: number | undefined
  readonly timeoutMs: number | undefined
  readonly resource: Readonly<Record<string, string>>
}

export function readOtelVariables(building: Building): OtelVariables {
  const one = (name: string): string | undefined => variable(building.env, name)?.trim()
  const ofTraces = (name: string): string | undefined =>
    one(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? one(`OTEL_EXPORTER_OTLP_${name}`)
  tellProtocol(ofTraces('PROTOCOL'), building)
  return {
    isOff: one('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || one('OTEL_TRACES_EXPORTER')?.toLowerCase() === 'none',
    endpoint: endpointOf(one),
    headers: pairsOf('OTEL_EXPORTER_OTLP_HEADERS', ofTraces('HEADERS'), building),
    certificate: ofTraces('CERTIFICATE'),
    sampling: samplingOf(one('OTEL_TRACES_SAMPLER'), one('OTEL_TRACES_SAMPLER_ARG'), building),
    compression: compressionOf(ofTraces('COMPRESSION'), building),
    queue: wholeOf('OTEL_BSP_MAX_QUEUE_SIZE', one('OTEL_BSP_MAX_QUEUE_SIZE'), building),
    intervalMs: wholeOf('OTEL_BSP_SCHEDULE_DELAY', one('OTEL_BSP_SCHEDULE_DELAY'), building),
    timeoutMs: wholeOf('OTEL_EXPORTER_OTLP_TIMEOUT', ofTraces('TIMEOUT'), building),
    resource: {
      ...pairsOf('OTEL_RESOURCE_ATTRIBUTES', one('OTEL_RESOURCE_ATTRIBUTES'), building),
      ...named('service.name', one('OTEL_SERVICE_NAME')),
    },
  }
}

function named(key: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [key]: value }
}

function endpointOf(one: (name: string) => string | undefined): OtelVariables['endpoint'] {
  for (const [name, isWhole] of [
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', true],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', false],
  ] as const) {
    const text = one(name)
    if (text !== undefined) return { name, text, isWhole }
  }
  return undefined
}

function tellProtocol(protocol: string | undefined, { findings }: Building): void {
  if (protocol === undefined || protocol === 'http/json') return
  if (protocol === 'http/protobuf')
    findings.note(
      'OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf: traces are sent as http/json, which receivers take too.',
    )
  else
    findings.warn(
      `OTEL_EXPORTER_OTLP_PROTOCOL is not http/json: traces are sent by OTLP over HTTP all the same; its usual port is 4318.`,
    )
}

function samplingOf(sampler: string | undefined, share: string | undefined, { findings }: Building) {
  if (sampler === undefined) return undefined
  const followsParent = sampler.startsWith('parentbased_')
  switch (sampler.replace(/^parentbased_/, '')) {
    case 'always_on':
      return { sample: 1, followsParent }
    case 'always_off':
      return { sample: 0, followsParent }
    case 'traceidratio': {
      const sample = share === undefined ? 1 : Number(share)
      if (sample >= 0 && sample <= 1) return { sample, followsParent }
      ignore(findings, 'OTEL_TRACES_SAMPLER_ARG', 'found something else, expected a number from 0 to 1')
      return undefined
    }
    default:
      ignore(
        findings,
        'OTEL_TRACES_SAMPLER',
        'found no sampler of this service, expected always_on, always_off or traceidratio, with or without parentbased_',
      )
      return undefined
  }
}

function compressionOf(text: string | undefined, { findings }: Building): 'none' | 'gzip' | undefined {
  if (text === undefined || text === 'none' || text === 'gzip') return text
  ignore(findings, 'OTEL_EXPORTER_OTLP_COMPRESSION', 'found something else, expected none or gzip')
  return undefined
}

function wholeOf(name: string, text: string | undefined, { findings }: Building): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  ignore(findings, name, 'found something else, expected a whole number above 0')
  return undefined
}

/** `key=value,key=value`, percent-encoded. The values may be secrets: a problem never shows them. */
function pairsOf(name: string, text: string | undefined, { findings }: Building): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {}
  for (const pair of (text ?? '').split(',')) {
    const equals = pair.indexOf('=')
    const key = pair.slice(0, Math.max(0, equals)).trim()
    const value = decoded(pair.slice(equals + 1).trim())
    if (pair.trim() === '') continue
    if (key === '' || value === undefined || value === '') {
      ignore(findings, name, 'found something else, expected key=value,key=value with values percent-encoded')
      return {}
    }
    pairs[key] = value
  }
  return pairs
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // A malformed escape: the caller says what was expected.
    return undefined
  }
}

/** Says that a variable is as if it were not set; its value may be a secret and is not shown. */
export function ignore(findings: Findings, name: string, why: string): void {
  findings.warn(`${name} is ignored: ${why}.`)
}
