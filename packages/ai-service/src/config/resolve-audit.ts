// Fills in `audit:`; a signing key is looked at here, so that a wrong one is told before anything starts.
import { createPrivateKey } from 'node:crypto'
import type { Secret } from 'ai-lib/internal/errors/secret'
import { type Building, readSecret, variable } from './building.ts'
import type { AuditConfig } from './config.ts'
import type { Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'

type Sink = NonNullable<NonNullable<ConfigFile['audit']>['sinks']>[number]

const defaultSpoolBytes = 256 * 1024 * 1024

export async function resolveAudit(building: Building): Promise<AuditConfig> {
  const audit = building.file.audit ?? {}
  const sinks = audit.sinks ?? sinksOfEnvironment(building)
  const signingKey = await resolveKey(audit.signingKey, building)
  const { whenAway = 'block', enabled = true } = audit
  if (!enabled) building.findings.note('audit.enabled is false: requests are not recorded.')
  else if (whenAway === 'allow')
    building.findings.warn('audit.whenAway is allow: requests go on unrecorded while no sink can record.')
  return {
    enabled,
    level: audit.level ?? 'metadata',
    durability: audit.durability ?? 'answer',
    whenAway,
    ...(signingKey === undefined ? {} : { signingKey }),
    sinks: sinks.map(({ kind }) => kind),
    spoolBytes: sinks.find(({ kind }) => kind === 'store')?.spool ?? defaultSpoolBytes,
  }
}

/** `AI_SERVICE_AUDIT_SINKS`, as the image sets it: what is printed outlives a container, where its folder does not. */
function sinksOfEnvironment({ env, findings }: Building): readonly Sink[] {
  const names = variable(env, 'AI_SERVICE_AUDIT_SINKS')
    ?.split(',')
    .map((name) => name.trim()) ?? ['store']
  const sinks = (['store', 'stdout'] as const).filter((kind) => names.includes(kind)).map((kind) => ({ kind }))
  if (sinks.length !== names.length)
    findings.environmentProblem(
      'AI_SERVICE_AUDIT_SINKS',
      'found something else, expected store, stdout or both with a comma',
    )
  return sinks
}

async function resolveKey(text: string | undefined, building: Building): Promise<Secret | undefined> {
  const path: Path = ['audit', 'signingKey']
  const secret = text === undefined ? undefined : await readSecret(text, path, building)
  if (secret !== undefined && !isEd25519(secret)) {
    const how = 'openssl genpkey -algorithm ed25519 -out audit-key.pem makes one'
    building.findings.problem(path, `found no Ed25519 private key, expected one in PEM; ${how}`)
  }
  return secret
}

function isEd25519(secret: Secret): boolean {
  try {
    return createPrivateKey(secret.reveal()).asymmetricKeyType === 'ed25519'
  } catch {
    return false // What no key can be read from is told by its caller.
  }
}
