// The store that the configuration names, behind the library's port.
import { FolderStorage } from 'ai-lib/internal/backup/folder-storage'
import type { ObjectStore } from 'ai-lib/internal/backup/object-store'
import { S3Storage } from 'ai-lib/internal/backup/s3-storage'
import type { BackupTarget } from '../config/config.ts'

/**
 * Opens nothing yet: a store that is away is told when it is first used.
 * @param timeoutMs for one request to S3.
 */
export function openObjectStore(target: BackupTarget, timeoutMs = 60_000): ObjectStore {
  if (target.kind === 'folder') return new FolderStorage(target.path, { mustExist: true })
  const { kind: _, bucket, ...options } = target
  return new S3Storage(bucket, { ...options, timeoutMs })
}
