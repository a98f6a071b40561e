// The schema of the whole configuration file, strict: what it does not name is an error.
import * as z from 'zod'
import { auditSection } from './audit-section.ts'
import { authSection, limitSection } from './auth-section.ts'
import { cacheSection } from './cache-section.ts'
import { backupSection } from './backup-section.ts'
import { list, named, notYet, plainName, section, urlValue } from './field.ts'
import { aliasName, modelSection } from './model-section.ts'
import { providerSection } from './provider-section.ts'
import { reloadSection } from './reload-section.ts'
import { secretsSection } from './secrets-section.ts'
import { aliases, serverSection } from './server-section.ts'
import { telemetrySection } from './telemetry-section.ts'

const storesSection = section({
  database: urlValue('sqlite:./path or postgres://user@host/name').optional().meta({
    description:
      'Default `sqlite:./data/ai-service.db`, from the folder of the configuration, else the working folder; with AI_SERVICE_DATA_FOLDER in that one. Or `postgres://user:password@host:5432/name?sslmode=verify-full`: a URL, a reference, or a URL with `${NAME}` in it.',
  }),
  shared: urlValue('memory or redis://host:6379/0').optional().meta({
    description:
      'What replicas share (the response cache): `memory` is each one’s own; `redis://host:6379/0` or `rediss://` for TLS; a reference, or a URL with `${NAME}` in it. Default `memory`.',
  }),
  prefix: plainName('a prefix')
    .optional()
    .meta({ description: 'Before every key of the shared store: one for each deployment. Default ai-service.' }),
}).meta({ description: 'Where state lives.' })

export const configSchema = section({
  server: serverSection.optional(),
  secrets: secretsSection.optional(),
  providers: named(plainName('a provider’s name'), providerSection)
    .optional()
    .meta({ description: 'Providers by name.' }),
  models: named(aliasName, modelSection)
    .optional()
    .meta({ description: 'Names for clients to use, and the endpoints behind them.' }),
  auth: authSection.optional(),
  limits: list(limitSection, 'limits', 0, 1000).optional().meta({ description: 'Bounds on requests. Default none.' }),
  stores: storesSection.optional(),
  telemetry: telemetrySection.optional(),
  budgets: notYet('budgets.'),
  cache: cacheSection.optional(),
  redaction: notYet('redaction of prompts.'),
  backup: backupSection.optional(),
  audit: auditSection.optional(),
  reload: reloadSection.optional(),
  ...aliases,
})

/** The file as written, with durations, sizes, rates and dates read. */
export type ConfigFile = z.output<typeof configSchema>

/** JSON Schema of the file: 2020-12, or draft 7 for tools that read no newer one. */
export function configJsonSchema(
  target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12',
): Readonly<Record<string, unknown>> {
  return { title: 'ai-service configuration', ...z.toJSONSchema(configSchema, { io: 'input', target }) }
}
