// All that is made of one configuration: it serves as a whole, and is replaced as a whole.
import type { LoadedConfig } from '../config/config.ts'
import type { Router } from '../exchange/route.ts'
import type { Serving } from '../http/data-listener.ts'
import type { Replaceable } from './generations.ts'
import type { OpenKeyRings } from './open-key-rings.ts'
import type { OpenTraces } from './open-traces.ts'
import type { OpenUpstreams } from './open-upstreams.ts'

export interface Generation extends Replaceable {
  readonly loaded: LoadedConfig
  /** What a request takes along from its first byte to its settlement. */
  readonly serving: Serving
  readonly router: Router
  readonly upstreams: OpenUpstreams
  readonly keys: OpenKeyRings
  readonly traces: OpenTraces
  /** Begins what it does by itself, when it is about to serve. @throws where something cannot begin. */
  activate(): Promise<void>
}
