// Fills in `telemetry:`: traces from the file, then OpenTelemetry's variables, then the defaults.
import { Secret } from 'ai-lib/internal/errors/secret'
import { isReference } from '../secrets/sources.ts'
import { type Building, readSecret, variable } from './building.ts'
import type { TelemetryConfig, TracesConfig } from './config.ts'
import { ignore, type OtelVariables, readOtelVariables } from './otel-variables.ts'
import type { Path } from './problem.ts'
import { readPemFile } from './resolve-server.ts'
import { isPrivateHost, readBaseUrl, readUrlValue, withoutSlash } from './url-value.ts'

const path: Path = ['telemetry', 'traces']
const signalPath = '/v1/traces'

export async function resolveTelemetry(building: Building): Promise<TelemetryConfig> {
  const { logs, metrics } = building.file.telemetry ?? {}
  const traces = await resolveTraces(building)
  return {
    logs: { level: logs?.level ?? 'info' },
    metrics: { enabled: metrics?.enabled ?? true },
    ...(traces === undefined ? {} : { traces }),
  }
}

async function resolveTraces(building: Building): Promise<TracesConfig | undefined> {
  const section = building.file.telemetry?.traces
  if (section?.enabled === false) return undefined
  // What only the variables ask for can be switched off by them, and a variable that nobody asked for is no problem.
  const isAsked = section?.otlp !== undefined || section?.enabled === true
  if (!isAsked && !hasEndpoint(building)) {
    if (section !== undefined) building.findings.warn('telemetry.traces has no otlp: nothing is traced.')
    return undefined
  }
  const variables = readOtelVariables(building)
  if (!isAsked && variables.isOff) return undefined
  const endpoint = await resolveEndpoint(variables, building)
  const { headers, secrets } = await resolveHeaders(variables, building)
  if (endpoint === undefined) return undefined
  warnInTheClear(endpoint, secrets, building)
  const { sample, followParent, compression, queue, interval, timeout, resource } = section ?? {}
  return {
    endpoint: withoutSlash(endpoint),
    headers,
    secrets,
    ca: await resolveCa(variables, building),
    sample: sample ?? variables.sampling?.sample ?? 1,
    followsParent: followParent ?? variables.sampling?.followsParent ?? true,
    compression: compression ?? variables.compression ?? 'none',
    queue: queue ?? variables.queue ?? 4_096,
    intervalMs: interval ?? variables.intervalMs ?? 5_000,
    timeoutMs: timeout ?? variables.timeoutMs ?? 10_000,
    resource: { ...variables.resource, ...resource },
  }
}

function hasEndpoint({ env }: Building): boolean {
  return (
    variable(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') !== undefined ||
    variable(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') !== undefined
  )
}

async function resolveEndpoint({ endpoint }: OtelVariables, building: Building): Promise<URL | undefined> {
  const written = building.file.telemetry?.traces?.otlp
  if (written !== undefined) {
    const text = await readUrlValue(written, [...path, 'otlp'], building)
    return text === undefined
      ? undefined
      : readEndpoint(text, false, (why) => building.findings.problem([...path, 'otlp'], why))
  }
  if (endpoint !== undefined)
    return readEndpoint(endpoint.text, endpoint.isWhole, (why) => ignore(building.findings, endpoint.name, why))
  building.findings.problem(path, 'found no otlp, expected a URL here or in OTEL_EXPORTER_OTLP_ENDPOINT', 'key')
  return undefined
}

function readEndpoint(text: string, isWhole: boolean, onProblem: (why: string) => void): URL | undefined {
  const parsed = readBaseUrl(text.trim())
  if (parsed.kind === 'refused') {
    onProblem(
      parsed.why
        .replace('https://api.example.com/v1', 'http://collector:4318')
        .replace('keys go under keys', 'tokens go under headers'),
    )
    return undefined
  }
  const { url } = parsed
  if (!isWhole && !url.pathname.endsWith(signalPath)) url.pathname = url.pathname.replace(/\/*$/, signalPath)
  return url
}

/** What the export sets itself. */
const ours = /^(?:host|content-.*|transfer-encoding|connection|expect|user-agent)$/i
const credentialName = /auth|key|token|secret|password|cookie|credential|dsn|^x-honeycomb-team$/i
/** Letters from which on a value of the environment may be a credential, whatever its name. */
const credentialLength = 16

interface Headers {
  readonly headers: Readonly<Record<string, Secret | string>>
  readonly secrets: readonly Secret[]
}

async function resolveHeaders(variables: OtelVariables, building: Building): Promise<Headers> {
  const headers: Record<string, Secret | string> = {}
  const secrets: Secret[] = []
  const add = (name: string, value: string, isSecret: boolean): void => {
    headers[name.toLowerCase()] = isSecret ? new Secret(value) : value
    const token = /^(?:bearer|basic|token|api-key) +(\S+)$/i.exec(value)?.[1]
    if (isSecret && token !== undefined) secrets.push(new Secret(token))
  }
  for (const [name, value] of Object.entries(variables.headers))
    add(name, value, credentialName.test(name) || value.length >= credentialLength)
  for (const [name, written] of Object.entries(building.file.telemetry?.traces?.headers ?? {})) {
    const at: Path = [...path, 'headers', name]
    if (ours.test(name)) {
      building.findings.problem(at, 'found a header that the service sets itself, expected another one', 'key')
      continue
    }
    const isFilled = isReference(written) || written.includes('${')
    if (!isFilled && credentialName.test(name)) {
      building.findings.problem(
        at,
        'found a credential written out, expected a reference such as env:NAME, or ${NAME} in it',
      )
      continue
    }
    const value = isFilled ? await filled(written, at, building) : written
    if (value !== undefined) add(name, value, isFilled)
  }
  return { headers, secrets }
}

async function filled(written: string, at: Path, building: Building): Promise<string | undefined> {
  if (isReference(written)) return (await readSecret(written, at, building))?.reveal()
  return readUrlValue(written, at, building)
}

async function resolveCa({ certificate }: OtelVariables, building: Building): Promise<readonly string[]> {
  const file = building.file.telemetry?.traces?.ca ?? certificate
  if (file === undefined) return []
  const pem = await readPemFile(file, [...path, 'ca'], building)
  return pem === undefined ? [] : [pem]
}

function warnInTheClear(endpoint: URL, secrets: readonly Secret[], { findings }: Building): void {
  if (endpoint.protocol === 'http:' && secrets.length > 0 && !isPrivateHost(endpoint))
    findings.warn('telemetry.traces.otlp is http://: the token in its headers travels in the clear.')
}
