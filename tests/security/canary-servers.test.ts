// The canary around a service that reads its keys from Vault, backs up to S3 and tells a webhook: no end sees the secrets of another.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, describe, expect, test } from 'vitest'
import { chatBody, eventually, metricsOf, post } from '../faults/asking.ts'
import { runCommand } from '../kit/command.ts'
import { bucket, startS3 } from '../kit/s3.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { needs } from '../require.ts'
import { type Fault, faults } from './canary/faults.ts'
import { formsOf, hitsIn, planted } from './canary/secrets.ts'
import { startReceiver, startSeenVault } from './canary/servers.ts'
import { filesIn } from './canary/world.ts'

interface Login {
  readonly name: string
  readonly auth: string
}

/** A further way to log in is one line. */
const logins: readonly Login[] = [
  { name: 'a token', auth: '{ token: env:VAULT_CREDENTIAL_TOKEN }' },
  { name: 'AppRole', auth: '{ appRole: { roleId: env:VAULT_ROLE_ID, secretId: env:VAULT_CREDENTIAL_ID } }' },
]

const variables = {
  VAULT_CREDENTIAL_TOKEN: planted.vaultToken.value,
  VAULT_CREDENTIAL_ID: planted.vaultSecretId.value,
  S3_ID: planted.s3KeyId.value,
  S3_SECRET: planted.s3Secret.value,
  HOOK_PATH: planted.webhookPath.value,
  HOOK_SECRET: planted.webhookSecret.value,
  BACKUP_KEY: planted.backupKey.value,
}

const commands = [
  'check --json',
  'doctor --json',
  'backup now',
  'backup list --json',
  'backup verify',
  'restore --to restored --dry-run',
  'audit verify',
  'audit export',
]

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function startUpstream(faultOf: () => Fault): Promise<Simulator> {
  const upstream = await startSimulator({ onRequest: (request) => faultOf()(request) })
  closers.push(() => upstream.close())
  return upstream
}

async function runCommands({ folder }: RunningService, env: Readonly<Record<string, string>>): Promise<string> {
  const printed: string[] = []
  for (const line of commands) {
    const { out, err } = await runCommand([...line.split(' '), '--config', 'command.yaml'], { cwd: folder, env })
    printed.push(line, out, err)
  }
  return printed.join('\n')
}

needs('vault-dev', 'versitygw')('T17 B10 T18 a service whose keys are in Vault and whose backups are in S3', () => {
  describe.each(logins)('logged in with $name', ({ auth }) => {
    test('no credential of Vault, of S3 or of the webhook is in any sink, and none in what the others get', async () => {
      let fault: Fault = () => undefined
      let sent = ''
      const upstream = await startUpstream(() => (request) => {
        sent = request.headers['authorization'] ?? sent
        return fault(request)
      })
      const vault = await startSeenVault()
      closers.push(() => vault.stop())
      const env = { ...variables, VAULT_ROLE_ID: vault.roleId }
      const s3 = await startS3({ accessKeyId: env.S3_ID, secretAccessKey: env.S3_SECRET })
      closers.push(() => s3.stop())
      const receiver = await startReceiver()
      closers.push(() => receiver.close())
      const yaml = [
        `providers: { openai: { baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: "vault:secret/openai#key" } ], timeouts: { head: 500ms, idle: 500ms, total: 2s } } }`,
        'stores: { database: "sqlite:./data/ai-service.db" }',
        'audit: { sinks: [ { kind: store }, { kind: stdout } ] }',
        'telemetry: { logs: { level: debug } }',
        'secrets:',
        `  vault: { address: "${vault.address}", refresh: 1s, auth: ${auth} }`,
        `  webhook: { url: "${receiver.url.replace(planted.webhookPath.value, '${HOOK_PATH}')}", private: true, secret: env:HOOK_SECRET }`,
        `backup: { enabled: true, to: "s3://${bucket}/canary", endpoint: "${s3.url}", encrypt: env:BACKUP_KEY, credentials: { accessKeyId: env:S3_ID, secretAccessKey: env:S3_SECRET } }`,
      ].join('\n')
      const service = await startService({ yaml, env })
      closers.push(() => service.stop())
      const clients: string[] = []
      for (const [at, next] of faults.entries()) {
        fault = next
        const words = chatBody('openai/echo', `asked ${at} ${planted.prompt.value}`)
        clients.push((await post(service.url, '/v1/chat/completions', words)).text)
      }
      // Otherwise the canary was never in danger.
      expect(sent).toBe(`Bearer ${planted.openaiKey.value}`)
      expect(vault.tokens()).not.toEqual([])
      await eventually(() => receiver.text().includes('"type":"key-out"'), 'the webhook was told', 30_000)
      expect(receiver.text()).toContain('x-ai-signature')
      writeFileSync(join(service.folder, 'command.yaml'), `${yaml}\n`)
      const read = {
        clients: clients.join('\n'),
        metrics: await metricsOf(service),
        commands: await runCommands(service, env),
        files: filesIn(join(service.folder, 'data')),
        objects: filesIn(s3.folder),
        webhook: receiver.text(),
        configuration: readFileSync(join(service.folder, 'command.yaml'), 'utf8'),
        log: '',
      }
      await service.stop()
      read.log = service.output()
      expect(read.commands).toContain('generation 1')
      expect(read.commands).toContain('would be restored')
      expect(read.objects).toContain('manifest')
      expect(read.log).toContain('"action":"key.out"')
      const known = Object.fromEntries(vault.tokens().map((value, at) => [`tokenOfVault${at}`, { value }]))
      expect(hitsIn(read, { ...planted, ...known })).toEqual([])
    }, 120_000)
  })

  test('a credential would be found in any form', () => {
    for (const { value } of [planted.vaultToken, planted.s3Secret, planted.webhookSecret])
      for (const form of formsOf(value)) expect(hitsIn({ objects: `a ${form} b` }, { it: { value } })).toHaveLength(1)
  })
})
