// `cache:` — answers that are given again to who asks the same.
import { duration, flag, oneOf, section, size } from './field.ts'

export const cacheSection = section({
  enabled: flag().optional().meta({ description: 'Default false.' }),
  ttl: duration().optional().meta({ description: 'How long an answer is given again. Default 10m.' }),
  maxBytes: size()
    .optional()
    .meta({ description: 'All answers together, in this process’s memory (`stores.shared: memory`). Default 64MiB.' }),
  maxEntryBytes: size().optional().meta({ description: 'Larger answers are not kept. Default 1MiB.' }),
  maxRequestBytes: size().optional().meta({ description: 'Larger requests pass by the cache. Default 256KiB.' }),
  scope: oneOf(['key', 'user', 'team', 'global']).optional().meta({
    description:
      'Who shares answers: one caller key, the keys of a user, those of a team, or everybody. A key without a user or team shares with none. Default key.',
  }),
  wait: duration().optional().meta({
    description: 'How long a request waits for an identical one under way before it goes for itself. Default 30s.',
  }),
}).meta({ description: 'The response cache.' })
