// `reload:` — how a running service notices another configuration, and what it takes over only where told to.
import { duration, flag, section } from './field.ts'

export const reloadSection = section({
  watch: flag().optional().meta({
    description: 'Whether folders are watched, so that a change is noticed at once. Default true.',
  }),
  interval: duration(0).optional().meta({
    description:
      'Between looks at the content of all files, whatever the watch says; 0s switches them off. Default 30s.',
  }),
  force: flag().optional().meta({
    description:
      'Takes over even a configuration without any provider, model or caller key where there were some, or with auth.mode none where it was keys. Default false.',
  }),
}).meta({ description: 'How a running service takes over another configuration. SIGHUP always works.' })
