// `backup:` — where backups go, how often, and the key that seals them.
import { duration, flag, list, reference, section, text, urlValue, whole } from './field.ts'

export const backupSection = section({
  enabled: flag()
    .optional()
    .meta({ description: 'Whether the service takes backups by itself. Default false; commands work either way.' }),
  interval: duration(60_000, 'at least 1m')
    .optional()
    .meta({ description: 'From one backup to the next. Default 24h.' }),
  retentionDays: whole(1, 36_500)
    .optional()
    .meta({ description: 'Days after which a backup is removed; the newest good one stays. Default 30.' }),
  to: urlValue('file:/path or s3://bucket/prefix').optional().meta({
    description: '`file:/path` or `s3://bucket/prefix`, with `${NAME}` in it where that helps; or `env:NAME` of one.',
  }),
  encrypt: reference()
    .optional()
    .meta({ description: 'A reference to 32 bytes as base64, base64url or hex: `openssl rand -base64 32`.' }),
  encryptPrevious: list(reference(), 'references', 0, 10)
    .optional()
    .meta({ description: 'Earlier keys, with which older backups are still read.' }),
  endpoint: urlValue('an http:// or https:// URL')
    .optional()
    .meta({ description: 'Of an S3 service that is not Amazon’s: `https://minio.internal:9000`.' }),
  region: text('a region such as eu-central-1', /^[a-z0-9-]{1,64}$/)
    .optional()
    .meta({ description: 'Default: the environment’s; with `endpoint` us-east-1.' }),
  forcePathStyle: flag()
    .optional()
    .meta({ description: 'The bucket in the path, not in the host name. Default: true with `endpoint`.' }),
  credentials: section({
    accessKeyId: reference(),
    secretAccessKey: reference(),
    sessionToken: reference().optional(),
  })
    .optional()
    .meta({ description: 'Default: what Amazon’s client finds (environment, profiles, the machine’s identity).' }),
}).meta({ description: 'Backups of configuration, database and audit keys. Default off.' })
