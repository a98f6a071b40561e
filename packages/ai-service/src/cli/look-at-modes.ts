// Whether files of secrets are for those alone who need them.
import { realpath, stat } from 'node:fs/promises'
import { placeOf } from '../app/open-audit.ts'
import { auditFiles } from '../audit/audit-files.ts'
import type { LoadedConfig } from '../config/config.ts'
import { errorCodeOf } from '../secrets/sources.ts'
import { type Finding, unwell, well } from './finding.ts'

const everybodyReads = 0o004
const othersWrite = 0o022
const othersRead = 0o044

export async function lookAtModes(loaded: LoadedConfig): Promise<readonly Finding[]> {
  const { secretFiles, source, config } = loaded
  const findings = await Promise.all(secretFiles.map(lookAtSecretFile))
  if (source.kind === 'file') findings.push(await lookAtConfigFile(source.path, source.text))
  if (config.audit.enabled && config.audit.signingKey === undefined)
    findings.push(...(await lookAtOwnKey(auditFiles(placeOf(config, '').base).key)))
  return findings
}

async function lookAtSecretFile(path: string): Promise<Finding> {
  const mode = await modeOf(path)
  if (typeof mode === 'string')
    return unwell(path, `cannot be read (${mode})`, 'Give this user the file, or name another.')
  if ((mode & othersWrite) !== 0)
    return unwell(path, `mode ${shown(mode)}: others may replace this secret`, `chmod 0600 ${path}`)
  if ((mode & everybodyReads) === 0) return well(path, `mode ${shown(mode)}`)
  const detail = `mode ${shown(mode)}: everybody on this machine may read it`
  // Whoever mounts it sets its mode, and in a container there is nobody else.
  if (await isMounted(path)) return unwell(path, detail, 'Mount it with defaultMode: 0440 and an fsGroup.', 'warn')
  return unwell(path, detail, `chmod 0600 ${path}`)
}

/** Kubernetes mounts secrets behind a link `..data`; others put them below /run/secrets. */
async function isMounted(path: string): Promise<boolean> {
  return path.startsWith('/run/secrets/') || /\/\.\.[^/]+\//.test(await realpath(path))
}

async function lookAtConfigFile(path: string, text: string): Promise<Finding> {
  const mode = await modeOf(path)
  const what = `file ${path}`
  if (typeof mode === 'string')
    return unwell(what, `cannot be read (${mode})`, 'Give this user the file, or name another.')
  if ((mode & othersWrite) !== 0 && !(await isMounted(path)))
    return unwell(what, `mode ${shown(mode)}: others may change where requests and keys go`, `chmod go-w ${path}`)
  const hasPassword = /:\/\/[^/@\s"':$]*:[^/@\s"'$]+@/.test(text)
  if (hasPassword && (mode & everybodyReads) !== 0)
    return unwell(
      what,
      `mode ${shown(mode)}: it has a password written out, and everybody on this machine may read it`,
      `chmod 0600 ${path}, or put the password into a variable: \${NAME} in the URL, or env:NAME in its place.`,
    )
  return well(what, `mode ${shown(mode)}`)
}

/** The service makes it for its owner alone; with it trails can be signed that never were. */
async function lookAtOwnKey(path: string): Promise<readonly Finding[]> {
  const mode = await modeOf(path)
  if (typeof mode === 'string') return []
  if ((mode & (othersRead | othersWrite)) === 0) return [well('audit signing key', `mode ${shown(mode)}`)]
  return [
    unwell(
      'audit signing key',
      `${path} has mode ${shown(mode)}: others may sign as this service`,
      `chmod 0600 ${path}`,
    ),
  ]
}

/** Its permission bits, or the code of why it cannot be looked at. */
async function modeOf(path: string): Promise<number | string> {
  try {
    return (await stat(path)).mode & 0o777
  } catch (error) {
    return errorCodeOf(error)
  }
}

function shown(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}
