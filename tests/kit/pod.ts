// Runs the container of a rendered Deployment as a kubelet would: its args, environment, user and mounts, at their own paths.
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { find, type Manifest } from './helm.ts'
import { freePort } from './service.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const isRoot = process.getuid?.() === 0

export interface Pod {
  /** `http://127.0.0.1:PORT`, whatever port the container thinks it has. */
  readonly url: string
  readonly metricsUrl: string
  output(): string
  /** The exit code, once it has ended. */
  readonly exited: Promise<number | null>
  /** Whether it has begun to listen; false where it ended before. */
  readonly listening: Promise<boolean>
  /** Puts another manifest of a ConfigMap or Secret in place of the one of its name, as an update of it would. */
  replace(manifest: Manifest): void
  stop(): Promise<void>
}

export interface PodSetup {
  readonly manifests: readonly Manifest[]
  /** Further or other variables, which a test's machine needs: where its simulator is. */
  readonly env?: Readonly<Record<string, string>>
  /** In place of the container's own. */
  readonly args?: readonly string[]
}

/** Whether this machine lets us have mounts of our own. */
export const canMount =
  spawnSync('unshare', [...namespaces(), 'sh', '-c', 'mount -t tmpfs none /run'], { stdio: 'ignore' }).status === 0

function namespaces(): string[] {
  return isRoot ? ['--mount'] : ['--map-root-user', '--mount']
}

export async function startPod({ manifests, env = {}, args }: PodSetup): Promise<Pod> {
  const { spec } = find(manifests, 'Deployment')['spec'].template
  const container = spec.containers[0]
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-pod-'))
  chmodSync(folder, 0o755)
  const volumes = new Map<string, string>()
  for (const volume of spec.volumes)
    volumes.set(volume.name, makeVolume(volume, join(folder, volume.name), manifests, spec))
  const [port, metricsPort] = [await freePort(), await freePort()]
  const moved: Readonly<Record<string, string>> = {
    AI_SERVICE_PORT: String(port),
    AI_SERVICE_METRICS_PORT: String(metricsPort),
  }
  const written = Object.fromEntries(container.env.map(({ name, value }: EnvEntry) => [name, value]))
  const mounts = container.volumeMounts
    .map(({ name, mountPath, readOnly }: Mount) => ({
      from: volumes.get(name) ?? '',
      to: mountPath,
      readOnly: readOnly === true,
    }))
    .filter(({ to }: Bind) => ![bin, process.execPath].some((needed) => needed.startsWith(`${to}/`)))
    // The folders that are mounted lie in /tmp themselves.
    .toSorted((left: Bind, right: Bind) => Number(left.to === '/tmp') - Number(right.to === '/tmp'))
  const child = spawn(
    'unshare',
    [
      ...namespaces(),
      'sh',
      '-euc',
      script(mounts, spec.securityContext),
      'pod',
      process.execPath,
      bin,
      ...(args ?? container.args),
    ],
    {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', ...written, ...moved, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let text = ''
  let current = manifests
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const listening = new Promise<boolean>((resolve) => {
    const take = (chunk: Buffer): void => {
      text += chunk.toString()
      if (text.includes('"listening"')) resolve(true)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    void exited.then(() => resolve(false))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    output: () => text,
    exited,
    listening,
    replace(manifest) {
      const isOld = (one: Manifest) => one.kind === manifest.kind && one.metadata.name === manifest.metadata.name
      current = [...current.filter((one) => !isOld(one)), manifest]
      for (const volume of spec.volumes) {
        const files = filesOf(volume, current)
        if (files !== undefined) writeFiles(join(folder, volume.name), files, spec)
      }
    },
    async stop() {
      child.kill('SIGTERM')
      const hurry = setTimeout(() => child.kill('SIGTERM'), 1_000)
      await exited
      clearTimeout(hurry)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface EnvEntry {
  readonly name: string
  readonly value: string
}

interface Bind {
  readonly from: string
  readonly to: string
  readonly readOnly: boolean
}

interface Mount {
  readonly name: string
  readonly mountPath: string
  readonly readOnly?: boolean
}

/** Mounts over copies of what is there, so that the machine itself gets no new folder; then the user of the pod. */
function script(mounts: readonly Bind[], user: SecurityContext): string {
  const lines = ['mount -t tmpfs none /mnt']
  for (const [index, parent] of ['/etc', '/run', '/var/lib'].entries()) {
    lines.push(`mkdir -p /mnt/${index}/upper /mnt/${index}/work`)
    lines.push(
      `mount -t overlay -o lowerdir=${parent},upperdir=/mnt/${index}/upper,workdir=/mnt/${index}/work none ${parent}`,
    )
  }
  for (const { from, to, readOnly } of mounts) {
    lines.push(`mkdir -p ${to}`, `mount --bind ${from} ${to}`)
    if (readOnly) lines.push(`mount -o remount,bind,ro ${to}`)
  }
  // As readOnlyRootFilesystem does; folders of their own below /, such as /tmp here, are not what the image has.
  lines.push('mount -o remount,bind,ro / || true')
  const asUser = isRoot ? `setpriv --reuid ${user.runAsUser} --regid ${user.runAsGroup} --clear-groups ` : ''
  lines.push(`exec ${asUser}"$@"`)
  return lines.join('\n')
}

interface SecurityContext {
  readonly runAsUser: number
  readonly runAsGroup: number
  readonly fsGroup: number
}

function makeVolume(
  // oxlint-disable-next-line typescript/no-explicit-any -- a volume has one key of many
  volume: any,
  path: string,
  manifests: readonly Manifest[],
  spec: { securityContext: SecurityContext },
): string {
  mkdirSync(path, { mode: 0o755 })
  const files = filesOf(volume, manifests)
  if (files !== undefined) writeFiles(path, files, spec)
  else if (isRoot) {
    chownSync(path, 0, spec.securityContext.fsGroup)
    chmodSync(path, 0o2775)
  }
  return path
}

/** What a volume shows of ConfigMaps and Secrets; `undefined` for one that holds neither. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
function filesOf(volume: any, manifests: readonly Manifest[]): ReadonlyMap<string, string> | undefined {
  const sources =
    volume.projected?.sources ?? (volume.configMap === undefined ? undefined : [{ configMap: volume.configMap }])
  if (sources === undefined) return undefined
  const files = new Map<string, string>()
  for (const { secret, configMap } of sources) {
    const { name, items } = secret ?? configMap
    const data: Readonly<Record<string, string>> = find(manifests, secret === undefined ? 'ConfigMap' : 'Secret', name)[
      'data'
    ]
    const decode = (text: string): string => (secret === undefined ? text : Buffer.from(text, 'base64').toString())
    const wanted: readonly { key: string; path: string }[] =
      items ?? Object.keys(data).map((key) => ({ key, path: key }))
    for (const { key, path } of wanted) {
      const text = data[key]
      if (text === undefined) throw new Error(`references non-existent secret key: ${key}`)
      files.set(path, decode(text))
    }
  }
  return files
}

let generation = 0

/** Files behind a link that is swapped at once, which is how a kubelet changes them. */
function writeFiles(
  path: string,
  files: ReadonlyMap<string, string>,
  { securityContext }: { securityContext: SecurityContext },
): void {
  const name = `..${(generation += 1)}`
  mkdirSync(join(path, name))
  for (const [file, text] of files) {
    writeFileSync(join(path, name, file), text, { mode: 0o440 })
    if (isRoot) chownSync(join(path, name, file), 0, securityContext.fsGroup)
  }
  const old = linkIn(path)
  symlinkSync(name, join(path, '..data_tmp'))
  renameSync(join(path, '..data_tmp'), join(path, '..data'))
  for (const file of files.keys())
    if (!existsSync(join(path, file))) symlinkSync(join('..data', file), join(path, file))
  if (old !== undefined) rmSync(join(path, old), { recursive: true })
}

function linkIn(path: string): string | undefined {
  try {
    return readlinkSync(join(path, '..data'))
  } catch {
    return undefined // The first time there is none.
  }
}
