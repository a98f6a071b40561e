// Values that cannot be right are refused before anything is installed, with the path and what to do.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { chartFolder, find, refusalOf, render, runHelm, type Values, withValues } from '../kit/helm.ts'
import { runCommand } from '../kit/command.ts'
import { needs } from '../require.ts'

type Case = readonly [title: string, values: Values, ...words: readonly string[]]
const told = ([title, values, ...words]: Case) => [title, values, words] as const

/** By the schema: the path, and what is wrong with what stands there. */
const bySchema: readonly Case[] = [
  ['an unknown key', { replicas: 3 }, "additional properties 'replicas' not allowed"],
  ['an unknown key below', { image: { tags: 'x' } }, "at '/image'", "'tags' not allowed"],
  ['a provider that there is not', { secrets: { opnai_key: 'x' } }, "at '/secrets'", "'opnai_key' not allowed"],
  ['an unknown setting', { config: { server: { prot: 80 } } }, "at '/config/server'", "'prot' not allowed"],
  ['a text where a number belongs', { replicaCount: '3' }, "at '/replicaCount'", 'got string, want integer'],
  ['a number where a duration belongs', { config: { timeout: 30 } }, "at '/config/timeout'", 'got number, want string'],
  ['another unit', { config: { timeout: '30 seconds' } }, "at '/config/timeout'", 'does not match pattern'],
  ['too many retries', { config: { max_retries: 11 } }, "at '/config/max_retries'", 'maximum: got 11, want 10'],
  ['no socket', { config: { pool_size: 0 } }, "at '/config/pool_size'", 'minimum: got 0, want 1'],
  ['a port out of range', { service: { port: 70_000 } }, "at '/service/port'", 'maximum'],
  [
    'a policy that there is not',
    { image: { pullPolicy: 'Sometimes' } },
    "at '/image/pullPolicy'",
    'value must be one of',
  ],
  ['a section of a later version', { config: { budgets: [] } }, "at '/config/budgets'"],
  [
    'a limit without whose',
    { config: { limits: [{ requests: '1/s' }] } },
    "at '/config/limits/0'",
    "missing property 'for'",
  ],
  ['a section taken away', { config: null }, "missing property 'config'"],
  ['a quantity that is none', { dataSizeLimit: 'much' }, "at '/dataSizeLimit'", 'does not match pattern'],
]

/** By the chart: what both settings are called, and which to leave. */
const byChart: readonly Case[] = [
  [
    'a setting under both of its names',
    { config: { server: { maxRetries: 5 } } },
    'config.max_retries and config.server.maxRetries are the same setting',
    'config.max_retries: null',
  ],
  ['another one', { config: { server: { poolSize: 5 } } }, 'config.pool_size and config.server.poolSize'],
  ['an address that nobody reaches', { config: { server: { host: '127.0.0.1' } } }, 'config.server.host is 127.0.0.1'],
  [
    'keys of a Secret without its name',
    { secrets: { existingSecretKeys: { openai_key: 'k' } } },
    'secrets.existingSecret does not say of which',
  ],
  [
    'a reference that no Secret has',
    { config: { auth: { pepper: 'file:/run/secrets/ai-service/PEPPER' } } },
    'config refers to file:/run/secrets/ai-service/PEPPER, and no Secret has the key PEPPER',
    'set secrets.extra.PEPPER',
  ],
  [
    'two databases',
    { postgresql: { url: 'postgres://a/b' }, config: { stores: { database: 'sqlite:./x' } } },
    'postgresql and config.stores.database are the same setting',
  ],
  [
    'a password in the ConfigMap',
    { config: { stores: { database: 'postgres://ai:hunter2@db/ai' } } },
    'config has a URL with a password in it',
    'postgresql.url',
  ],
  [
    'a password in the pod',
    { proxy: { httpsProxy: 'http://me:hunter2@proxy:3128' } },
    'proxy.httpsProxy has a password',
  ],
  [
    'a token in the ConfigMap',
    { config: { telemetry: { traces: { otlp: 'http://c:4318', headers: { authorization: 'Bearer hunter2' } } } } },
    'config.telemetry.traces.headers.authorization is a credential written out',
  ],
  ['a URL twice', { valkey: { url: 'redis://a', existingSecret: 'b' } }, 'valkey.url and valkey.existingSecret'],
  ['one file for three pods', { persistence: { enabled: true } }, 'persistence is for one pod', 'replicaCount: 1'],
  [
    'fewer at most than at least',
    { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 4 } },
    'autoscaling.minReplicas (5) is above autoscaling.maxReplicas (4)',
  ],
  [
    'an autoscaler without a measure',
    { autoscaling: { enabled: true, targetCPUUtilizationPercentage: null } },
    'autoscaling is enabled and has nothing to go by',
  ],
  ['both budgets', { podDisruptionBudget: { minAvailable: 1 } }, 'minAvailable and .maxUnavailable exclude each other'],
  [
    'scraping what is switched off',
    { serviceMonitor: { enabled: true }, config: { telemetry: { metrics: { enabled: false } } } },
    'config switches the metrics off',
  ],
  ['an ingress for no name', { ingress: { enabled: true } }, 'ingress is enabled and has no host'],
  [
    'a configuration in two places',
    { existingConfigMap: 'mine', config: { cache: { enabled: true } } },
    'existingConfigMap (mine) is in place of config',
  ],
]

needs('helm', 'helm3')('refused by helm', () => {
  test.concurrent.each([...bySchema, ...byChart].map(told))('%s', async (_, values, words) => {
    for (const helm of ['helm', 'helm3'] as const) {
      const refusal = await refusalOf(values, { helm })
      for (const word of words) expect(refusal).toContain(word)
    }
  })

  test('a key where its reference belongs is not repeated', async () => {
    const values = { config: { providers: { openai: { keys: [{ secret: 'sk-live-0123456789abcdef' }] } } } }
    const refusal = await refusalOf(values)
    expect(refusal).toContain("at '/config/providers/openai/keys/0/secret'")
    expect(refusal).not.toContain('0123456789')
  })

  test('a callers’ key that is too short is not repeated', async () => {
    const refusal = await refusalOf({ secrets: { caller_key: 'hunter2' } })
    expect(refusal).toContain("at '/secrets/caller_key'")
    expect(refusal).toContain('minLength: got 7, want 32')
    expect(refusal).not.toContain('hunter2')
  })

  test('lint and a dry run of install refuse the same', async () => {
    const values = { replicaCount: -1 }
    const lint = await withValues(['lint', '--strict', chartFolder], { values })
    expect([lint.code, lint.out]).toEqual([1, expect.stringContaining("at '/replicaCount'")])
    const install = await withValues(['install', 'rel', chartFolder, '--dry-run=client'], { values })
    expect([install.code, install.err]).toEqual([1, expect.stringContaining("at '/replicaCount'")])
  })

  test('an old cluster is told that the kubelet cannot sleep there', async () => {
    const { err } = await runHelm(['template', 'rel', chartFolder, '--kube-version', '1.29'])
    expect(err).toContain('preStopSleepSeconds needs Kubernetes 1.30, this is v1.29')
  })
})

/** What no schema says: the service does, in the pod's log, with the line of the mounted file. */
const byService: readonly Case[] = [
  ['a day too long', { timeout: '25d' }, 'expected a duration', 'up to 24d'],
  [
    'a fallback that leads nowhere',
    { models: { a: { endpoints: [{ provider: 'x', model: 'm' }] } } },
    'models.a.endpoints.0',
  ],
  [
    'a file that is not mounted',
    { providers: { openai: { keys: [{ secret: 'file:/run/secrets/elsewhere/OPENAI_API_KEY' }] } } },
    'providers.openai.keys.0.secret: found a reference to nothing: file:/run/secrets/elsewhere/OPENAI_API_KEY',
    'there is no such file',
  ],
]

needs('helm')('refused by the service', () => {
  test.each(byService.map(told))('%s', async (_, config, words) => {
    const mounted = find(await render({ values: { config } }), 'ConfigMap')['data']['ai-service.yaml']
    const cwd = mkdtempSync(join(tmpdir(), 'ai-service-helm-'))
    writeFileSync(join(cwd, 'ai-service.yaml'), mounted)
    const { code, err } = await runCommand(['check'], { cwd })
    rmSync(cwd, { recursive: true })
    expect(code, stringify(config)).toBe(78)
    expect(err).toMatch(/ai-service\.yaml:\d+:\d+ /)
    for (const word of words) expect(err).toContain(word)
  })
})
