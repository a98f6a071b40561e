// Whether the service can write where it keeps its state and its backups, and whether there is room.
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { LoadedConfig } from '../config/config.ts'
import { errorCodeOf } from '../secrets/sources.ts'
import { type Finding, unwell, well } from './finding.ts'

/** Below this a database, its log and a spool will soon be in need. */
const littleBytes = 256 * 1024 * 1024

export async function lookAtFolders({ config }: LoadedConfig): Promise<readonly Finding[]> {
  const { stores, audit, backup } = config
  const { localPath } = stores.database
  const elsewhere =
    'or set stores.database to a place that this user may write, such as sqlite:/var/lib/ai-service/ai-service.db.'
  const findings: Finding[] = []
  if (audit.enabled || backup !== undefined) {
    findings.push(await lookAtFolder('data folder', dirname(localPath), elsewhere, 'is made'))
    if (await isThere(localPath)) findings.push(...(await lookAtFile(localPath, elsewhere)))
  }
  if (backup?.target.kind === 'folder' && (await isThere(backup.target.path)))
    findings.push(
      await lookAtFolder('backup folder', backup.target.path, 'or name another with backup.to.', 'must exist'),
    )
  return findings
}

async function lookAtFolder(what: string, path: string, elsewhere: string, absent: 'is made' | 'must exist') {
  let folder = path
  while (absent === 'is made' && !(await isThere(folder)) && folder !== dirname(folder)) folder = dirname(folder)
  const code = await whyNotWritable(folder)
  if (code !== undefined)
    return unwell(
      what,
      `${path} cannot be written: ${folder} (${meaningOf(code)})`,
      `Give this user the folder, ${elsewhere}`,
    )
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  const free = `${Math.floor(freeBytes / 1024 ** 2)} MiB free`
  if (freeBytes === 0) return unwell(what, `${path}: its disk is full`, `Free some, ${elsewhere}`)
  if (freeBytes < littleBytes) return unwell(what, `${path}: ${free}`, `Free some, ${elsewhere}`, 'warn')
  return well(what, `${path}${folder === path ? '' : ' will be made'}, ${free}`)
}

async function lookAtFile(path: string, elsewhere: string): Promise<readonly Finding[]> {
  try {
    await access(path, constants.R_OK | constants.W_OK)
    return []
  } catch (error) {
    return [
      unwell(
        'database',
        `${path} cannot be written (${meaningOf(errorCodeOf(error))})`,
        `Give this user the file, ${elsewhere}`,
      ),
    ]
  }
}

async function whyNotWritable(folder: string): Promise<string | undefined> {
  try {
    if (!(await stat(folder)).isDirectory()) return 'ENOTDIR'
    await access(folder, constants.W_OK | constants.X_OK)
    // Its folders are the kernel's: no right makes one there.
    return folder === '/proc' || folder.startsWith('/proc/') ? 'EPERM' : undefined
  } catch (error) {
    return errorCodeOf(error)
  }
}

const meanings: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'nobody may write there',
  EROFS: 'the file system is mounted read-only',
  ENOTDIR: 'a file stands where a folder is needed',
}

function meaningOf(code: string): string {
  return meanings[code] === undefined ? code : `${code}: ${meanings[code]}`
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    return errorCodeOf(error) !== 'ENOENT'
  }
}
