// What tests may need beyond Node and npm: found, or the suite is skipped with its reason on record, or failed on demand.
import { accessSync, appendFileSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'

const requirements = {
  nginx: { program: 'nginx', enable: 'apt-get install nginx-light' },
  openssl: { program: 'openssl', enable: 'apt-get install openssl' },
  curl: { program: 'curl', enable: 'apt-get install curl' },
  'redis-server': { program: 'redis-server', enable: 'apt-get install redis-server' },
  'python-clients': { program: 'python-clients/bin/python', enable: 'run scripts/build-python-clients.sh' },
  python3: { program: 'python3', enable: 'apt-get install python3' },
  promtool: { program: 'promtool', enable: 'apt-get install prometheus' },
  prometheus: { program: 'prometheus', enable: 'apt-get install prometheus' },
  wrk: { program: 'wrk', enable: 'apt-get install wrk' },
  versitygw: { program: 'versitygw', enable: 'install Go and run scripts/build-test-servers.sh' },
  postgres: { program: 'postgres', enable: 'apt-get install postgresql' },
  ...builtTools('helm', 'helm3', 'kubeconform', 'kustomize', 'kube-score', 'pod-security'),
  'kube-apiserver': { program: 'kube-apiserver', enable: 'install Go and run scripts/build-kube-apiserver.sh' },
  etcd: { program: 'etcd', enable: 'apt-get install etcd-server' },
  haproxy: { program: 'haproxy', enable: 'apt-get install haproxy' },
  'otlp-receiver': { program: 'otlp-receiver', enable: 'install Go and run scripts/build-test-servers.sh' },
  'vault-dev': { program: 'vault-dev', enable: 'install Go and run scripts/build-test-servers.sh' },
  unshare: { program: 'unshare', enable: 'apt-get install util-linux' },
  buildah: { program: 'buildah', enable: 'apt-get install buildah' },
  'compose-config': { program: 'compose-config', enable: 'install Go and run scripts/build-test-servers.sh' },
  debootstrap: { program: 'debootstrap', enable: 'apt-get install debootstrap' },
} as const satisfies Record<string, { readonly program: string; readonly enable: string }>

function builtTools<Name extends string>(...names: readonly Name[]) {
  const entry = (program: Name) => ({ program, enable: 'install Go and run scripts/build-kubernetes-tools.sh' })
  return Object.fromEntries(names.map((name) => [name, entry(name)])) as Record<Name, ReturnType<typeof entry>>
}

/** Where scripts/build-test-servers.sh puts what it builds. */
const built = fileURLToPath(new URL('../tools/bin', import.meta.url))

/** A program that a test may need; Debian's packages for all of them are in scripts/apt-packages.txt. */
export type Requirement = keyof typeof requirements

/** Whether this machine has it. */
export function available(name: Requirement): boolean {
  return programPath(name) !== undefined
}

/** Where a required program is. */
export function programPath(name: Requirement): string | undefined {
  const folders = [built, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', ...postgresFolders()]
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, requirements[name].program))
    .find((path) => isExecutable(path))
}

/**
 * A `describe` for tests that need more than Node: `needs('nginx')('a TLS front', () => { … })`.
 * Where something is missing the suite is skipped and `npm test` says why; with `REQUIRE=all` it fails instead.
 */
export function needs(...names: readonly Requirement[]): (title: string, body: () => void) => void {
  return where(names.filter((name) => !available(name)).map((need) => ({ need, enable: requirements[need].enable })))
}

/** The same for what only trying it tells: a behaviour of the kernel, an address family. */
export function needsThat(isThere: boolean, missing: Missing): (title: string, body: () => void) => void {
  return where(isThere ? [] : [missing])
}

export interface Missing {
  readonly need: string
  /** What to do about it. */
  readonly enable: string
}

function where(missing: readonly Missing[]): (title: string, body: () => void) => void {
  if (missing.length === 0) return (title, body) => void describe(title, body)
  if (process.env.REQUIRE === 'all') return (title) => failFor(title, missing)
  return (title, body) => {
    for (const each of missing) record(each, title)
    describe.skip(title, body)
  }
}

// Debian keeps its programs of several versions out of PATH.
function postgresFolders(): string[] {
  try {
    const versions = readdirSync('/usr/lib/postgresql').toSorted((left, right) => Number(right) - Number(left))
    return versions.map((version) => `/usr/lib/postgresql/${version}/bin`)
  } catch {
    return [] // Not installed, or not Debian.
  }
}

function failFor(title: string, missing: readonly Missing[]): void {
  describe(title, () => {
    test.each(missing)('needs $need, which is missing here', ({ need, enable }) => {
      throw new Error(`${need} is missing: ${enable}`)
    })
  })
}

function record({ need, enable }: Missing, suite: string): void {
  const file = process.env.SKIPPED_TESTS_FILE
  if (file === undefined) return
  appendFileSync(file, `${JSON.stringify({ need, enable, suite })}\n`)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // Absent or not ours to run: both mean that the test cannot use it.
  }
}
