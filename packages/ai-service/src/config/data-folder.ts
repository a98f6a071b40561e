// Where state is kept by default, and whether it outlives the container that the service runs in.
import { resolve } from 'node:path'
import { type Building, variable } from './building.ts'

/** `AI_SERVICE_DATA_FOLDER`, as the image sets it; else `data` beside the configuration. */
export function dataFolder({ env, folder }: Building): string {
  return resolve(folder, variable(env, 'AI_SERVICE_DATA_FOLDER') ?? 'data')
}

interface Mount {
  readonly root: string
  readonly point: string
  readonly type: string
}

/**
 * With what a path's contents end: the container's own layer, memory, or a volume that is made for one container or one
 * pod. `undefined` where it is a volume that stays, as far as the kernel's list of mounts tells.
 */
export function endsWith(path: string, mountinfo: string): 'container' | 'pod' | undefined {
  const mount = mountinfo
    .split('\n')
    .map(readMount)
    .filter((each) => each !== undefined)
    .filter(({ point }) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`))
    // Of several on one another the last one is seen.
    .reduce<Mount | undefined>(
      (best, each) => (each.point.length >= (best?.point.length ?? 0) ? each : best),
      undefined,
    )
  if (mount === undefined) return undefined
  if (mount.root.includes('kubernetes.io~empty-dir')) return 'pod'
  // Engines name a volume that nobody named by 64 hex digits.
  const isAnonymous = /\/volumes\/[0-9a-f]{64}(?:\/_data)?$/.test(mount.root)
  return mount.point === '/' || mount.type === 'tmpfs' || isAnonymous ? 'container' : undefined
}

/** `36 35 8:1 /root /mount/point rw,noatime shared:1 - ext4 /dev/sda1 rw`. */
function readMount(line: string): Mount | undefined {
  const [before = '', after = ''] = line.split(' - ')
  const [, , , root, point] = before.split(' ')
  const [type = ''] = after.split(' ')
  return root === undefined || point === undefined ? undefined : { root: plain(root), point: plain(point), type }
}

/** The kernel writes blanks, tabs, line ends and backslashes as octal digits. */
function plain(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
