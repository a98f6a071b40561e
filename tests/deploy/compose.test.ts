// The compose file, read by Docker Compose's own loader: locked down, without a default password, with a configuration that holds.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { containersMissing, containersWork, startContainer } from '../kit/container.ts'
import { buildImageTree, checkout, dockerfileConfig, type ImageTree } from '../kit/image.ts'
import { needs, needsThat, programPath } from '../require.ts'

const source = join(checkout, 'deploy/docker')
const programs = ['ai-service', 'grafana', 'postgres', 'prometheus', 'valkey']
let folder = ''

/** A copy, so that secrets that somebody made in the checkout are neither read nor needed. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'compose-'))
  for (const name of ['docker', 'grafana', 'prometheus'])
    cpSync(join(checkout, 'deploy', name), join(folder, 'deploy', name), {
      recursive: true,
      filter: (path) => !path.endsWith('/secrets'),
    })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function makeSecrets(env: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> {
  const made = join(folder, 'deploy/docker/secrets')
  execFileSync(join(folder, 'deploy/docker/make-secrets.sh'), { env: { PATH: process.env['PATH'] ?? '', ...env } })
  return new Map(readdirSync(made).map((name) => [name, readFileSync(join(made, name), 'utf8')]))
}

test('a folder of secrets that was open to everybody is closed', () => {
  const secrets = join(folder, 'deploy/docker/secrets')
  mkdirSync(secrets, { recursive: true })
  chmodSync(secrets, 0o755)
  makeSecrets()
  expect(statSync(secrets).mode & 0o777).toBe(0o700)
})

test('secrets are random, stay what they are, and a key of a provider that is set anew is written anew', () => {
  const first = makeSecrets({ OPENAI_API_KEY: 'sk-first' })
  const inode = statSync(join(folder, 'deploy/docker/secrets/openai_api_key')).ino
  expect([first.get('openai_api_key'), first.get('anthropic_api_key')]).toEqual(['sk-first', ''])
  const random = ['caller_key', 'postgres_password', 'valkey_password', 'grafana_password'].map((name) =>
    first.get(name),
  )
  expect(new Set(random).size).toBe(4)
  for (const each of random) expect(each).toMatch(/^[0-9a-f]{48}$/)
  expect(makeSecrets()).toEqual(first)
  expect(makeSecrets({ OPENAI_API_KEY: 'sk-second' }).get('openai_api_key')).toBe('sk-second')
  // A running container has mounted that very file.
  expect(statSync(join(folder, 'deploy/docker/secrets/openai_api_key')).ino).toBe(inode)
  expect(statSync(join(folder, 'deploy/docker/secrets')).mode & 0o777).toBe(0o700)
})

interface Service {
  readonly read_only?: boolean
  readonly privileged?: boolean
  readonly user?: string
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly { readonly host_ip?: string }[]
  readonly networks: Readonly<Record<string, unknown>>
  readonly volumes?: readonly {
    readonly type: string
    readonly source: string
    readonly target: string
    readonly read_only?: boolean
  }[]
  readonly secrets?: readonly { readonly source: string; readonly target?: string }[]
  readonly image: string
}

interface Project {
  readonly services: Readonly<Record<string, Service>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
}

needs('compose-config')('the compose file', () => {
  let project: Project
  beforeAll(() => {
    makeSecrets()
    const file = join(folder, 'deploy/docker/compose.yaml')
    project = JSON.parse(execFileSync(programPath('compose-config') ?? '', [file], { encoding: 'utf8' })) as Project
  })

  test('has the service and the four that it can use', () => {
    expect(Object.keys(project.services).toSorted()).toEqual(programs)
  })

  test.each(programs)('%s is locked down, looked after, and reached by nobody who should not', (name) => {
    const service = project.services[name]
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    expect([service?.cap_add, service?.privileged]).toEqual([undefined, undefined])
    // The service's own is in its image.
    expect(service?.healthcheck !== undefined || name === 'ai-service').toBe(true)
    for (const { host_ip } of service?.ports ?? []) expect(host_ip).toBe('127.0.0.1')
    expect(service?.image).not.toMatch(/^(?!\$|ai-service).*:latest$/)
    const isInside = Object.keys(service?.networks ?? {}).every(
      (network) => project.networks[network]?.internal === true,
    )
    expect(isInside).toBe(!['ai-service', 'grafana'].includes(name))
  })

  test('has no password in it: all are secrets, and each is one that make-secrets.sh makes', () => {
    const text = readFileSync(join(source, 'compose.yaml'), 'utf8')
    for (const { environment = {} } of Object.values(project.services))
      for (const name of Object.keys(environment).filter((each) => /PASSWORD|SECRET|KEY|TOKEN/.test(each)))
        expect(name).toMatch(/_FILE$/)
    const made = makeSecrets()
    for (const [name, { file }] of Object.entries(project.secrets)) {
      expect(file).toBe(join(folder, 'deploy/docker/secrets', name))
      expect(made.has(name), name).toBe(true)
      if (made.get(name) !== '') expect(text).not.toContain(made.get(name))
    }
    const used = Object.values(project.services).flatMap(({ secrets = [] }) => secrets.map(({ source: each }) => each))
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(project.secrets).toSorted())
  })

  test('mounts what is there', () => {
    for (const { volumes = [] } of Object.values(project.services))
      for (const each of volumes.filter(({ type }) => type === 'bind')) {
        expect(existsSync(each.source), each.source).toBe(true)
        expect(each.read_only).toBe(true)
      }
    const prometheus = readFileSync(join(folder, 'deploy/prometheus/prometheus.yaml'), 'utf8')
    expect(prometheus).toContain('names: [ai-service]')
    const sources = readFileSync(join(folder, 'deploy/grafana/provisioning/datasources/prometheus.yaml'), 'utf8')
    expect(sources).toContain('http://prometheus:9090')
  })
})

needsThat(containersWork, containersMissing)('the configuration of the compose file', () => {
  let tree: ImageTree
  beforeAll(() => void (tree = buildImageTree()), 120_000)
  afterAll(() => tree.remove(), 60_000)

  test('is one that the image takes, with the secrets as they are mounted', async () => {
    const made = makeSecrets({ OPENAI_API_KEY: 'sk-compose-0123456789' })
    const text = (name: string): string => made.get(name) ?? ''
    const container = await startContainer({
      rootfs: tree.rootfs,
      image: dockerfileConfig(),
      config: { 'ai-service.yaml': readFileSync(join(source, 'config/ai-service.yaml'), 'utf8') },
      secrets: {
        OPENAI_API_KEY: text('openai_api_key'),
        ANTHROPIC_API_KEY: text('anthropic_api_key'),
        AI_SERVICE_CALLER_KEY: text('caller_key'),
        DATABASE_URL: text('database_url'),
        SHARED_URL: text('shared_url'),
      },
      command: ['check', '--json'],
    })
    try {
      expect(await container.exited, container.output()).toBe(0)
      const said: unknown = JSON.parse(container.output())
      expect(said).toMatchObject({
        ok: true,
        warnings: [],
        plan: {
          auth: { mode: 'keys', keys: [{ id: 'default' }] },
          providers: [{ name: 'openai' }],
          stores: { database: { kind: 'postgres' }, shared: { kind: 'valkey' } },
        },
      })
    } finally {
      await container.stop()
    }
  }, 60_000)
})
