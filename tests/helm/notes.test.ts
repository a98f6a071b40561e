// NOTES.txt: how to read the callers' key, and what would otherwise be found out later.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiServer, apiServerTools, startApiServer } from '../kit/api-server.ts'
import { chartFolder, type HelmResult, runHelm, seedValues, type Values, withValues } from '../kit/helm.ts'
import { at } from '../kit/manifest-rules.ts'
import { needs } from '../require.ts'

async function notes(values: Values): Promise<string> {
  const { out, err } = await withValues(['install', 'rel', chartFolder, '-n', 'ai', '--dry-run=client'], { values })
  const [, text] = out.split('NOTES:\n')
  if (text === undefined) throw new Error(err)
  return text.replaceAll(/\s+/g, ' ')
}

const auditEnds = "each pod's audit trail is in a file that ends with the pod"
const readKey = "kubectl -n ai get secret rel-ai-service -o jsonpath='{.data.AI_SERVICE_CALLER_KEY}' | base64 -d"

needs('helm')('the notes', () => {
  test('of the seed’s values: the key, the missing provider, the trail that ends with the pod', async () => {
    const { out } = await runHelm(['install', 'rel', chartFolder, '-n', 'ai', '--dry-run=client', '-f', seedValues])
    expect(out).toContain(readKey)
    expect(out).toContain(
      'WARNING: no provider has a key. Only the built-in simulator answers, and only to model simulator/echo.',
    )
    expect(out).toContain('--set secrets.openai_key=')
    expect(out).toContain(auditEnds)
    expect(out).toContain('Authorization: Bearer $AI_SERVICE_KEY')
  })

  test('with a key and PostgreSQL there is nothing to warn of', async () => {
    const text = await notes({ secrets: { openai_key: 'sk-1' }, postgresql: { url: 'postgres://db/ai' } })
    expect(text).toContain(readKey)
    expect(text).not.toContain('WARNING')
    expect(text).not.toContain('sk-1')
  })

  test.each<readonly [string, Values, string]>([
    [
      'demo switched off',
      { demo: false },
      'no provider is configured and demo is off, so that every model is unknown (404)',
    ],
    ['no key for callers', { secrets: { createCallerKey: false } }, 'every request gets 401: set secrets.caller_key'],
    [
      'no authentication',
      { config: { auth: { mode: 'none' } } },
      'config.auth.mode is none: whoever reaches the service spends',
    ],
    [
      'a Secret that is not there, by name and key',
      { secrets: { existingSecret: 'ai-secrets', existingSecretKeys: { openai_key: 'openai-key', groq_key: 'groq' } } },
      'there is no Secret ai-secrets in ai (secrets.existingSecret), or it cannot be seen from here. Pods wait until it is there with the keys groq, openai-key.',
    ],
    [
      'a database’s Secret that is not there',
      { postgresql: { existingSecret: 'pg' } },
      'there is no Secret pg in ai (postgresql.existingSecret), or it cannot be seen from here. Pods wait until it is there with the key url.',
    ],
    [
      'a drain that is cut short',
      { terminationGracePeriodSeconds: 60 },
      'a pod is killed after 60 seconds, and may need 610',
    ],
    ['caches apart', { config: { cache: { enabled: true } } }, 'Each pod has a response cache of its own'],
  ])('%s', async (_, values, words) => {
    expect(await notes(values)).toContain(words)
  })

  test('the callers’ key is read from where it is', async () => {
    const secrets = { existingSecret: 'ai-secrets', existingSecretKeys: { caller_key: 'caller.key' } }
    expect(await notes({ secrets })).toContain("get secret ai-secrets -o jsonpath='{.data.caller\\.key}'")
  })

  test('the trail is kept with a volume, and none is kept where none is written', async () => {
    expect(await notes({ replicaCount: 1, persistence: { enabled: true } })).not.toContain(auditEnds)
    expect(await notes({ config: { audit: { enabled: false } } })).not.toContain(auditEnds)
  })
})

/** What needs a cluster: Secrets that are there, and what a refused upgrade leaves alone. */
function againstTheServer(): void {
  let api: ApiServer
  beforeAll(async () => {
    api = await startApiServer()
    await api.createNamespace('ai')
  }, 180_000)
  afterAll(() => api.stop(), 60_000)

  const helm = (command: 'install' | 'upgrade', values: Values, ...flags: readonly string[]): Promise<HelmResult> => {
    const access = ['--kube-apiserver', api.url, '--kube-token', api.token, '--kube-insecure-skip-tls-verify']
    return withValues([command, 'rel', chartFolder, '-n', 'ai', ...flags, ...access], { values })
  }
  const made = async (name: string, stringData: Readonly<Record<string, string>>): Promise<void> => {
    const { status } = await api.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData }, 'ai')
    expect(status).toBe(201)
  }

  test('what a Secret of one’s own lacks is named, with the Secret; where it is whole nothing is said', async () => {
    const secrets = { existingSecret: 'ai-secrets', existingSecretKeys: { openai_key: 'openai-key', groq_key: 'groq' } }
    const notes = async (values: Values) => (await helm('install', values, '--dry-run=server')).out
    expect(await notes({ secrets })).toContain('there is no Secret ai-secrets in ai (secrets.existingSecret)')
    await made('ai-secrets', { 'openai-key': 'sk-1' })
    const lacking = await notes({ secrets })
    expect(lacking).toContain('the Secret ai-secrets has no key groq (secrets.existingSecret)')
    expect(lacking).not.toContain('has no key openai-key')
    await made('ai-database', { url: 'postgres://db/ai' })
    const whole = { secrets: { openai_key: 'sk-1' }, postgresql: { existingSecret: 'ai-database' } }
    expect(await notes(whole)).not.toContain('WARNING')
  }, 60_000)

  test('values that are refused leave nothing behind, and a bad upgrade leaves what was there', async () => {
    const path = '/api/v1/namespaces/ai/configmaps/rel-ai-service'
    const refused = await helm('install', { config: { timeout: 'soon' } })
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("at '/config/timeout'")])
    expect((await api.get(path)).status).toBe(404)
    const installed = await helm('install', {})
    expect(installed.code, installed.err).toBe(0)
    const before = await api.get(path)
    expect(at(before.body, 'data')).toBeDefined()
    expect((await helm('upgrade', { config: { pool_size: 0 } })).code).toBe(1)
    expect(await api.get(path)).toEqual(before)
  }, 60_000)
}

if (process.env['LONG']) needs('helm', ...apiServerTools)('against a real API server', againstTheServer)
