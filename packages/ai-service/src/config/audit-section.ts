// `audit:` — what is recorded of each request, when it must be on disk, and what happens when it cannot be.
import * as z from 'zod'
import { flag, list, oneOf, reference, section, size } from './field.ts'

const sink = section({
  kind: oneOf(['store', 'stdout']).meta({
    description: '`store` is `stores.database`; `stdout` prints a line per record beside the log.',
  }),
  spool: size().optional().meta({
    description: 'For `store` in PostgreSQL: bytes that may wait on this machine while it is away. Default 256MiB.',
  }),
})

export const auditSection = section({
  enabled: flag().optional().meta({ description: 'Default true.' }),
  level: oneOf(['metadata'], ['content']).optional().meta({ description: 'Default metadata: no prompts, no answers.' }),
  durability: oneOf(['answer', 'upstream', 'async']).optional().meta({
    description:
      'When the start of a request is on disk: before its answer’s first byte, before the provider is asked, or some time. Default answer.',
  }),
  whenAway: oneOf(['block', 'allow']).optional().meta({
    description:
      'What becomes of requests while no sink can record: 503, or they go on and it is counted. Default block.',
  }),
  signingKey: reference().optional().meta({
    description: 'Ed25519 private key in PEM that signs chain heads. Default one made beside the database.',
  }),
  sinks: list(sink, 'sink', 1, 2)
    .check(
      z.refine((sinks) => new Set(sinks.map(({ kind }) => kind)).size === sinks.length, {
        error: 'found a sink twice, expected each once',
      }),
    )
    .optional()
    .meta({ description: 'Default the store alone; in the image store and stdout (AI_SERVICE_AUDIT_SINKS).' }),
}).meta({ description: 'The audit trail. On by default.' })
