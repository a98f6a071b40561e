// Every place that holds a secret, each with one of its own; and the ways in which one may be written.
import { generateKeyPairSync } from 'node:crypto'

export interface Planted {
  readonly value: string
  /** Sinks in which it belongs. */
  readonly except?: readonly string[]
}

const auditKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** A new place is one line here, and one in the configuration of `world.ts`. */
export const planted = {
  openaiKey: { value: 'sk-canary-Openai+/7f3a9c1e5b2d' },
  secondKey: { value: 'sk-canary-Second+/8a1b2c3d4e5f' },
  anthropicKey: { value: 'sk-ant-canary-Anthropic+/0c9d8e7f' },
  // Of no vendor's form, and known from a file: the second one comes while the service runs.
  fileKey: { value: 'canary-Proxied+/55aa66bb77cc' },
  rotatedKey: { value: 'canary-Rotated+/dd88ee99ff00' },
  proxyPassword: { value: 'canary-Proxy-pa55+word-91827364' },
  pepper: { value: 'canary-Pepper-+/1029384756abcdef' },
  adminCredential: { value: 'canary-Admin-+/5647382910fedcba' },
  headerToken: { value: 'canary-Header-value-a1b2c3d4e5f6' },
  storePassword: { value: 'canary-Store-pa55+word-65748392' },
  backupKey: { value: Buffer.from('canary-Backup-key-of-32-bytes-ab').toString('base64') },
  vaultToken: { value: 'canary-Vault-token-1a2b3c4d5e6f7081' },
  vaultSecretId: { value: 'canary-Vault-secret-id-9f8e7d6c5b4a' },
  s3KeyId: { value: 'AKIACANARYKEYID01' },
  s3Secret: { value: 'canary-S3-secret+/access-0a9b8c7d6e' },
  otlpToken: { value: 'canary-Otlp-token+/6c7d8e9fa0b1c2d3' },
  webhookSecret: { value: 'canary-Webhook-+/hmac-5d6e7f8091a2' },
  webhookPath: { value: 'canary-Webhook-path-b3c4d5e6f708', except: ['webhook'] },
  // A file of several lines: the one with the key in it says all.
  auditKey: { value: auditKey },
  auditKeyLine: { value: auditKey.split('\n')[1] ?? '' },
  // Contents are not logged either. The client gets its own words back, and a cached answer holds them.
  prompt: { value: 'canary-Prompt-words-0f1e2d3c4b5a', except: ['clients', 'shared store'] },
} as const satisfies Readonly<Record<string, Planted>>

/** As an upstream would write it. */
export function writtenForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('/', '\\/').replaceAll('+', '\\u002b'),
  ]
}

/** And as it may stand in a sink. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  // What is the same inside longer base64, whatever stands around it.
  const shifted = [1, 2].map((by) =>
    Buffer.concat([Buffer.alloc(by, 'x'), bytes])
      .toString('base64')
      .slice(4, -4),
  )
  // A key of bytes that is written down in base64 is one in hex too.
  const decoded = /^[\w+/]{43}=$/.test(secret) ? [Buffer.from(secret, 'base64').toString('hex')] : []
  return [...writtenForms(secret), ...shifted, ...decoded, secret.toLowerCase()]
}

/** One line for each secret that stands in a sink. */
export function hitsIn(
  sinks: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, Planted>>,
): readonly string[] {
  return Object.entries(secrets).flatMap(([name, { value, except = [] }]) =>
    Object.entries(sinks).flatMap(([sink, text]) => {
      if (except.includes(sink)) return []
      const form = formsOf(value).find((known) => text.includes(known))
      if (form === undefined) return []
      const at = text.indexOf(form)
      return [`${name} in ${sink}: …${text.slice(Math.max(0, at - 160), at + form.length + 20)}…`]
    }),
  )
}
