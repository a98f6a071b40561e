// `secrets:` — where references lead besides variables, how fresh their values are kept, and who is told of rotations.
import * as z from 'zod'
import { duration, filePath, flag, plainName, reference, section, text, urlValue } from './field.ts'

const mountName = (what: string) => text(`${what}: letters, digits, ".", "-", "_"`, /^[\w.-]{1,128}$/)

const appRole = section({
  roleId: reference().meta({ description: 'The role’s id.' }),
  secretId: reference().meta({ description: 'The role’s secret id; read anew at every login.' }),
  mount: mountName('a mount').optional().meta({ description: 'Default approle.' }),
})

const kubernetes = section({
  role: plainName('a role'),
  jwt: reference().optional().meta({
    description: 'Default `file:/var/run/secrets/kubernetes.io/serviceaccount/token`; read anew at every login.',
  }),
  mount: mountName('a mount').optional().meta({ description: 'Default kubernetes.' }),
})

const vaultAuth = section({
  token: reference().optional().meta({ description: 'A token; renewed before it ends, where it can be.' }),
  appRole: appRole.optional(),
  kubernetes: kubernetes.optional(),
}).check(
  z.refine((auth) => [auth.token, auth.appRole, auth.kubernetes].filter((one) => one !== undefined).length === 1, {
    error: 'one way to log in: token, appRole or kubernetes',
  }),
)

const vaultSection = section({
  address: urlValue('a URL such as https://vault.example.com:8200').optional().meta({
    description: 'Default VAULT_ADDR. A URL, a reference, or a URL with `${NAME}` in it.',
  }),
  namespace: text('a namespace', /^[\w./-]{1,256}$/)
    .optional()
    .meta({ description: 'Default VAULT_NAMESPACE.' }),
  ca: filePath().optional().meta({
    description: 'PEM file of certificates trusted besides the system’s. Default VAULT_CACERT.',
  }),
  auth: vaultAuth.optional().meta({ description: 'How to log in. Default the token in VAULT_TOKEN.' }),
  refresh: duration().optional().meta({ description: 'How often each secret is read. Default 5m.' }),
  maxAge: duration().optional().meta({
    description: 'How long a value that was read may be used while Vault does not answer. Default 24h.',
  }),
}).meta({ description: 'Vault or OpenBao, for references `vault:mount/path#field` (KV version 2).' })

export const secretsSection = section({
  files: section({
    poll: duration().optional().meta({
      description: 'How often files of keys are looked at, besides being watched. Default 5s.',
    }),
    maxAge: duration().optional().meta({
      description: 'How long the last good value of a file that is gone or empty may be used. Default 24h.',
    }),
  }).optional(),
  vault: vaultSection.optional(),
  webhook: section({
    url: urlValue('a URL such as https://hooks.example.com/keys').meta({
      description: 'Where events of provider keys are posted. A URL, a reference, or a URL with `${NAME}` in it.',
    }),
    secret: reference().meta({ description: 'What the posts are signed with (HMAC-SHA256).' }),
    private: flag().optional().meta({ description: 'Lets the address be loopback or private. Default false.' }),
    timeout: duration().optional().meta({ description: 'For one post. Default 5s.' }),
  })
    .optional()
    .meta({ description: 'Default none.' }),
}).meta({ description: 'Where secrets come from and how they rotate.' })
