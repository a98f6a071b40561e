// No spelling of a private address gets past a provider that is not marked private, and no name that leads to one.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AiClient, Message, Provider } from 'ai-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, isRecord, paths, post } from '../faults/asking.ts'
import { type DnsServer, startDnsServer } from '../kit/dns-server.ts'
import { startService } from '../kit/service.ts'

/** Hosts that are 127.0.0.1 or 169.254.169.254 in other words, or that some parser has taken for it. */
const spelled: readonly string[] = `
  127.0.0.1 127.1 127.0.1 127.000.000.001 0177.0.0.1 0177.1 0x7f.0.0.1 0x7f.1 0x7f000001 2130706433 017700000001
  127.255.255.254 127.0.0.1. 0 0.0.0.0 00000000 0x0 １２７.0.0.1 127。0。0。1 ①②⑦.0.0.1 %31%32%37.0.0.1 127%2E0%2E0%2E1
  0X7F.1 [::1] [0:0:0:0:0:0:0:1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::ffff:0:127.0.0.1]
  [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] [fe80::1] [fc00::1] [fec0::1]
  169.254.169.254 169.254.43518 169.16689662 2852039166 0xa9.0xfe.0xa9.0xfe 0xa9fea9fe 0251.0376.0251.0376
  025177524776 0251.254.169.254 169.254.169.254. [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::169.254.169.254]
  [64:ff9b::a9fe:a9fe] [2002:a9fe:a9fe::] [fd00:ec2::254] １６９.254.169.254 169。254。169。254 %31%36%39.254.169.254
  168.63.129.16 100.100.100.200 192.0.0.192 10.0.0.1 172.16.0.1 192.168.0.1 198.18.0.1 224.0.0.1 localhost
  LOCALHOST localhost. x.localhost ｌocalhost metadata metadata.google.internal vault.svc.cluster.local
`
  .trim()
  .split(/\s+/)

/** What a DNS server that somebody else runs may say. */
const named: Readonly<Record<string, { readonly v4?: readonly string[]; readonly v6?: readonly string[] }>> = {
  'loopback.test': { v4: ['127.0.0.1'] },
  'metadata.test': { v4: ['169.254.169.254'] },
  'zero.test': { v4: ['0.0.0.0'] },
  'private.test': { v4: ['10.0.0.1', '192.168.0.1', '172.31.255.255', '100.64.0.1'] },
  'six.test': { v6: ['::1', 'fe80::1', 'fd00:ec2::254'] },
  'mapped.test': { v6: ['::ffff:127.0.0.1', '::ffff:169.254.169.254', '64:ff9b::7f00:1', '2002:7f00:1::'] },
  'both.test': { v4: ['127.0.0.1'], v6: ['::1'] },
}

let trap: Server
let trapSix: Server
let trapped = 0
let port = 0
let dns: DnsServer
let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'egress-addresses-'))
  const onConnection = (): void => void (trapped += 1)
  trap = createServer(onConnection)
  await new Promise<void>((resolve) => trap.listen(0, '0.0.0.0', resolve))
  const address = trap.address()
  port = typeof address === 'object' && address ? address.port : 0
  trapSix = createServer(onConnection).on('error', () => undefined)
  // A machine without IPv6 has nothing to trap there.
  await new Promise<void>((resolve) => trapSix.once('error', () => resolve()).listen(port, '::1', resolve))
  dns = await startDnsServer()
  for (const [name, answer] of Object.entries(named)) dns.set(name, { kind: 'addresses', ...answer })
  // Rebinding: nothing at first, then loopback, then something else again.
  dns.set('rebinding.test', (question) => ({
    kind: 'addresses',
    v4: [['10.0.0.1'], ['127.0.0.1'], ['169.254.169.254']][question % 3] ?? [],
  }))
})
afterAll(async () => {
  trap.close()
  trapSix.close()
  await dns.close()
  rmSync(folder, { recursive: true, force: true })
})

function yamlFor(hosts: readonly string[]): string {
  const entries = hosts.map(
    (host, index) =>
      `  p${index}: { kind: openai-compatible, baseUrl: ${JSON.stringify(`http://${host}:${port}/v1`)}, keys: [ { secret: env:KEY } ] }`,
  )
  return `providers:\n${entries.join('\n')}\n`
}

/** Those that the configuration lets pass: names, which only a look-up can tell. */
function accepted(hosts: readonly string[]): readonly string[] {
  const file = join(folder, 'ai-service.yaml')
  writeFileSync(file, yamlFor(hosts))
  const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
  const { stdout } = spawnSync(process.execPath, [bin, 'check', '--json', '--config', file], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', KEY: 'sk-x' },
  })
  const said: unknown = JSON.parse(stdout)
  const problems: unknown = isRecord(said) ? said['problems'] : undefined
  const refused = new Set(
    (Array.isArray(problems) ? problems : []).map((problem) => /providers\W+(p\d+)/.exec(JSON.stringify(problem))?.[1]),
  )
  return hosts.filter((_, index) => !refused.has(`p${index}`))
}

async function expectNothingReached(hosts: readonly string[]): Promise<void> {
  const file = join(folder, `contacted-${hosts.length}`)
  const service = await startService({
    yaml: yamlFor(hosts),
    server: `  maxRetries: 0\n  dns: { servers: [ "${dns.address}" ], timeout: 300ms }`,
    env: {
      KEY: 'sk-x',
      NODE_OPTIONS: `--import ${new URL('./egress-recorder.ts', import.meta.url).href}`,
      EGRESS_FILE: file,
    },
  })
  try {
    for (const [index, host] of hosts.entries()) {
      const answer = await post(service.url, paths.openai, chatBody(`p${index}/echo`))
      expect([host, answer.status]).toEqual([host, 502])
    }
  } finally {
    await service.stop()
  }
  const literal = /^connect \[?[\d.:a-f]*[.:][\d.:a-f]*\]?:\d+$/
  const contacted = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  expect(contacted.filter((line) => literal.test(line))).toEqual([])
  expect(trapped).toBe(0)
}

describe('T6 private addresses', () => {
  test('there are enough spellings to look at', () => {
    expect(spelled.length).toBeGreaterThanOrEqual(60)
  })

  test('T6 no spelling in a configured address is taken: each is refused before anything starts', () => {
    expect(accepted(spelled)).toEqual([])
    expect(accepted(['api.example.com'])).toEqual(['api.example.com'])
  })

  test('T6 names that lead to private addresses, or change their minds about it, are not dialled', async () => {
    const names = [...Object.keys(named), 'rebinding.test', 'rebinding.test', 'rebinding.test', 'rebinding.test']
    expect(accepted(names)).toEqual(names)
    await expectNothingReached(names)
    expect(dns.asked.filter((question) => question === 'A rebinding.test').length).toBeGreaterThanOrEqual(4)
  }, 60_000)

  test('T6 the library refuses them too when it dials, where it is told to', async () => {
    for (const host of spelled) {
      const base = `http://${host}:${port}/v1`
      const url = URL.parse(base)
      // Names that no resolver of this machine should be asked for are the service's test.
      if (url === null || /[g-z]/i.test(url.hostname)) continue
      const client = new AiClient(Provider.OpenAI, { baseUrl: base, apiKey: 'k', allowPrivate: false, maxRetries: 0 })
      await expect(client.chatCompletion({ model: 'echo', messages: [Message.user('x')] })).rejects.toMatchObject({
        code: 'provider_unreachable',
        message: expect.stringContaining('Its address is private or reserved'),
      })
      await client.close()
    }
    expect(trapped).toBe(0)
  })
})
