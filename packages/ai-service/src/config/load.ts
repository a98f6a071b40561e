// Loads a configuration: find the file, read it, check its shape, resolve it; all problems at once, or a config.
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import { type Environment, errorCodeOf, readFault } from '../secrets/sources.ts'
import type { VaultClient } from '../secrets/vault/vault-client.ts'
import type { VaultSettings } from '../secrets/vault/vault-settings.ts'
import { type Building, variable } from './building.ts'
import { checkShape } from './check-shape.ts'
import type { Config, ConfigSource, LoadedConfig, WatchedSources } from './config.ts'
import { type FindParts, findConfig } from './find-config.ts'
import { fingerprintConfig } from './plan.ts'
import { type ConfigProblem, createFindings, type Findings, NOWHERE, type Path } from './problem.ts'
import { readDocument } from './read-document.ts'
import { readDocumentApart } from './read-document-apart.ts'
import { resolveConfig } from './resolve.ts'
import { resolveSecrets } from './resolve-secrets.ts'
import type { ConfigFile } from './schema.ts'

/** Characters of a configuration are bounded by the same figure; none has less than a byte. */
const maxBytes = 4 * 1024 * 1024

export interface LoadParts extends FindParts {
  /** `providerSpecs` of ai-lib. */
  readonly specs: ReadonlyMap<string, ProviderSpec>
  /** Default `/run/secrets/ai-service`. */
  readonly secretsFolder?: string
  /** Default `/proc/self/mountinfo`; read only in a container. */
  readonly mountsFile?: string
  /** Leaves the keys of providers, and of callers, unread: who reads the trail needs none of them, and should have none. */
  readonly withoutProviderKeys?: boolean
  /** Whether requests run beside it: then a large file is read in a thread of its own. */
  readonly besideRequests?: boolean
  /** Milliseconds since the epoch; only warns of caller keys that have expired. */
  readonly nowMs: number
}

export type LoadResult =
  | {
      readonly kind: 'loaded'
      readonly loaded: LoadedConfig
      /** A problem with what stands at a path, for whoever looks further than loading does. */
      problemAt(path: Path, message: string): ConfigProblem
    }
  | {
      readonly kind: 'invalid'
      readonly problems: readonly ConfigProblem[]
      readonly warnings: readonly string[]
      readonly sources: WatchedSources
    }

/** Never throws for what is in the file or the environment. */
export async function loadConfig(parts: LoadParts): Promise<LoadResult> {
  const path = findConfig(parts)
  if (path === undefined) {
    return build({}, createFindings('environment', NOWHERE), { kind: 'environment' }, parts.cwd, parts)
  }
  const shown = showPath(path, parts.cwd)
  const sources = { files: [path], folders: [] }
  const text = await readConfigText(path)
  if (typeof text === 'object') {
    const problem = { file: shown, line: 0, column: 0, path: '', message: text.why }
    return { kind: 'invalid', problems: [problem], warnings: [], sources }
  }
  const document = await (parts.besideRequests === true ? readDocumentApart : readDocument)(text, shown)
  if (document.kind === 'unreadable') return { kind: 'invalid', problems: document.problems, warnings: [], sources }
  const findings = createFindings(shown, document.positions)
  const file = checkShape(document.value, findings)
  if (file === undefined) {
    return { kind: 'invalid', problems: findings.problems, warnings: findings.warnings, sources }
  }
  return build(file, findings, { kind: 'file', path, text }, dirname(path), parts)
}

async function build(
  file: ConfigFile,
  findings: Findings,
  source: ConfigSource,
  folder: string,
  parts: LoadParts,
): Promise<LoadResult> {
  const { env, specs, secretsFolder = '/run/secrets/ai-service', withoutProviderKeys = false, nowMs } = parts
  const readFiles = new Set(source.kind === 'file' ? [source.path] : [])
  const read = { secretFiles: new Set<string>(), blankFiles: new Set<string>(), readFiles }
  const mounts = await readMounts(parts)
  const building: Building = { file, env, folder, specs, findings, secretsFolder, withoutProviderKeys, mounts, ...read }
  const secrets = await resolveSecrets(building)
  const vault = secrets.vault && (await openVaultReader(secrets.vault, env))
  const config = await resolveConfig({ ...building, vault }, secrets, source.kind === 'file', nowMs)
  await vault?.close()
  const { problems, warnings, notes } = findings
  const sources = { files: [...read.readFiles, ...read.secretFiles], folders: [secretsFolder] }
  if (problems.length > 0) return { kind: 'invalid', problems, warnings, sources }
  return {
    kind: 'loaded',
    problemAt: findings.problemAt,
    loaded: {
      config,
      source,
      folder,
      warnings,
      notes,
      secretFiles: [...read.secretFiles],
      blankFiles: [...read.blankFiles],
      sources,
      version: versionOf(config, folder),
    },
  }
}

// Loaded only where it is asked for: most configurations have no Vault, and commands are to start quickly.
async function openVaultReader(settings: VaultSettings, env: Environment): Promise<VaultClient> {
  const [{ openVault }, { createHttpTransport }] = await Promise.all([
    import('../secrets/vault/open-vault.ts'),
    import('ai-lib/internal/transport/http-transport'),
  ])
  return openVault(createHttpTransport(), { settings, env })
}

/** The image says that it is one; elsewhere nobody asks what ends when. */
async function readMounts({ env, mountsFile = '/proc/self/mountinfo' }: LoadParts): Promise<string | undefined> {
  if (variable(env, 'AI_SERVICE_CONTAINER') === undefined) return undefined
  return readFile(mountsFile, 'utf8').catch(() => undefined) // No such list: nothing is known, and nothing warned of.
}

function versionOf(config: Config, folder: string): string {
  return createHash('sha256').update(fingerprintConfig(config, folder)).digest('hex').slice(0, 12)
}

async function readConfigText(path: string): Promise<string | { readonly why: string }> {
  try {
    const status = await stat(path)
    if (!status.isFile()) return { why: 'found something that is not a file, expected a configuration file' }
    // Before it is read: what is mounted by mistake may have gigabytes.
    if (status.size > maxBytes) return { why: 'the file is larger than 4 MiB' }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (error instanceof TypeError && errorCodeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      return { why: 'found bytes that are not UTF-8, expected a text file' }
    }
    return { why: `cannot be read (${readFault(error)})` }
  }
}

function showPath(path: string, cwd: string): string {
  const near = relative(cwd, path)
  return near === '' || near.startsWith('..') ? path : near
}
