// What production is made of: a list of packages that grows on purpose alone, and a bill of them that says the same.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkout } from '../kit/image.ts'

const ours = ['ai-lib', 'ai-service', 'ai-simulator']

/** What the service cannot do without, and what those bring along. */
const needed = [
  '@opentelemetry/api',
  '@pinojs/redact',
  '@redis/client',
  'atomic-sleep',
  'bintrees',
  'commander',
  'on-exit-leak-free',
  'pg',
  'pg-cloudflare',
  'pg-connection-string',
  'pg-int8',
  'pg-pool',
  'pg-protocol',
  'pg-types',
  'pgpass',
  'pino',
  'pino-abstract-transport',
  'pino-std-serializers',
  'postgres-array',
  'postgres-bytea',
  'postgres-date',
  'postgres-interval',
  'process-warning',
  'prom-client',
  'quick-format-unescaped',
  're2js',
  'real-require',
  'safe-stable-stringify',
  'sonic-boom',
  'split2',
  'tdigest',
  'thread-stream',
  'xtend',
  'yaml',
  'zod',
]

/** What comes with Amazon's client, for backups to S3. */
const optional = [
  '@aws-sdk/checksums',
  '@aws-sdk/client-s3',
  '@aws-sdk/core',
  '@aws-sdk/credential-provider-env',
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-login',
  '@aws-sdk/credential-provider-node',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@aws-sdk/middleware-sdk-s3',
  '@aws-sdk/nested-clients',
  '@aws-sdk/signature-v4-multi-region',
  '@aws-sdk/token-providers',
  '@aws-sdk/types',
  '@aws-sdk/xml-builder',
  '@aws/lambda-invoke-store',
  '@smithy/core',
  '@smithy/credential-provider-imds',
  '@smithy/fetch-http-handler',
  '@smithy/node-http-handler',
  '@smithy/signature-v4',
  '@smithy/types',
  'bowser',
  'tslib',
]

interface Component {
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly purl?: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[]
  readonly externalReferences?: readonly { readonly type: string; readonly url: string }[]
}

interface Bill {
  readonly bomFormat: string
  readonly specVersion: string
  readonly serialNumber: string
  readonly metadata: { readonly timestamp: string; readonly component: { readonly 'bom-ref': string } }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

describe('the bill of materials', () => {
  let text = ''
  let bill: Bill
  beforeAll(() => {
    const made = execFileSync(process.execPath, [join(checkout, 'scripts/build-sbom.js')], { encoding: 'utf8' })
    text = made
    bill = JSON.parse(made) as Bill
  }, 60_000)

  test('T29 names the packages that production may have, and no other', () => {
    expect(bill.components.map(({ name }) => name).toSorted()).toEqual([...ours, ...needed, ...optional].toSorted())
    expect(needed.length + ours.length).toBeLessThanOrEqual(60)
  })

  test('is CycloneDX that holds together: every reference leads somewhere, every package has its hash and licence', () => {
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\.[5-9]$/) })
    expect(bill.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
    const refs = new Set([bill.metadata.component['bom-ref'], ...bill.components.map((each) => each['bom-ref'])])
    expect(refs.size).toBe(bill.components.length + 1)
    for (const { ref, dependsOn } of bill.dependencies)
      for (const each of [ref, ...dependsOn]) expect(refs.has(each), each).toBe(true)
    const reached = new Set(bill.dependencies.flatMap(({ dependsOn }) => dependsOn))
    for (const { name, version, purl, hashes, licenses, ...component } of bill.components) {
      expect(reached.has(component['bom-ref']), name).toBe(true)
      expect(['MIT', 'ISC', '0BSD', 'Apache-2.0']).toContain(licenses?.[0]?.license?.id)
      // Ours are nowhere but here: a name of the ecosystem would point at somebody else's.
      if (ours.includes(name)) expect([purl, hashes]).toEqual([undefined, undefined])
      else {
        expect(decodeURIComponent(purl ?? '')).toBe(`pkg:npm/${name}@${version}`)
        expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }])
      }
    }
  })

  test('has the hashes of the lockfile', () => {
    const locked = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>
    }
    const known = new Set(Object.values(locked.packages).map(({ integrity }) => integrity))
    for (const { name, hashes } of bill.components)
      if (!ours.includes(name)) {
        const content = hashes?.[0]?.content ?? ''
        expect(known.has(`sha512-${Buffer.from(content, 'hex').toString('base64')}`), name).toBe(true)
      }
  })

  test('is the same each time, and tells no registry', () => {
    expect(execFileSync(process.execPath, [join(checkout, 'scripts/build-sbom.js')], { encoding: 'utf8' })).toBe(text)
    expect(bill.metadata.timestamp).toBe('1970-01-01T00:00:00.000Z')
    const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
    expect(text).not.toContain(new URL(registry).host)
    expect(text).not.toMatch(/\.tgz/)
  }, 60_000)
})
