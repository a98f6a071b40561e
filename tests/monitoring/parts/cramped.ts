// An instance in a container that is smaller than what it needs at rest.
import { createCgroup } from '../../kit/cgroup.ts'
import { startService } from '../../kit/service.ts'
import { type Part, targetOf } from './part.ts'

/** Less than its resident pages, the program's own included, and more than what is its alone. */
const memoryBytes = 88 * 1024 * 1024

export async function startCramped(): Promise<Part> {
  const cgroup = createCgroup({ memoryBytes, cores: 1 })
  const service = await startService({ yaml: 'providers: { simulator: {} }', cgroup })
  return {
    target: targetOf('cramped', service),
    begin: () => undefined,
    async stop() {
      await service.stop()
      await cgroup.remove()
    },
  }
}
