// A mounted secret or config map as kubelet writes it: files are links through `..data`, which one rename moves to the next version.
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface KubeletVolume {
  /** What is mounted into the pod. */
  readonly folder: string
  /** Brings new contents: all of it at once, by the swap of the link. */
  update(files: Readonly<Record<string, string>>): void
}

export function createVolume(folder: string, files: Readonly<Record<string, string>>): KubeletVolume {
  let version = 0
  const update = (next: Readonly<Record<string, string>>): void => {
    const name = `..2026_11_25_00_00_00.${String(++version).padStart(9, '0')}`
    mkdirSync(join(folder, name), { mode: 0o755 })
    for (const [file, text] of Object.entries(next)) writeFileSync(join(folder, name, file), text, { mode: 0o440 })
    const old = version === 1 ? undefined : readlinkSync(join(folder, '..data'))
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    for (const file of Object.keys(next)) linkOnce(join('..data', file), join(folder, file))
    if (old !== undefined) rmSync(join(folder, old), { recursive: true })
  }
  mkdirSync(folder, { recursive: true })
  update(files)
  return { folder, update }
}

function linkOnce(target: string, path: string): void {
  try {
    symlinkSync(target, path)
  } catch {
    // It is there from an earlier version, and leads through `..data` as before.
  }
}
