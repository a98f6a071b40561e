// The endpoints of a model array as targets of a client: each with connections of its own, all with the same keys.
import { EndpointHealth } from '../attempts/endpoint-health.ts'
import { AiError } from '../errors/ai-error.ts'
import type { Transport } from '../transport/transport.ts'
import { type ConnectionOptions, openUpstream } from './connection-options.ts'
import type { Environment } from './environment.ts'
import type { ModelArray, ModelEndpoint } from './model-array.ts'
import { type Hop, openHops } from './open-hops.ts'
import type { Provider } from '../providers/registry.ts'

/** @throws AiError `config_invalid`: no endpoint, an unknown provider, an unusable option. */
export function openArray(
  provider: Provider,
  array: ModelArray,
  options: ConnectionOptions,
  transport: Transport,
  environment: Environment,
): readonly [Hop, ...Hop[]] {
  const [head, ...rest] = array.endpoints
  if (!head)
    throw new AiError('config_invalid', {
      message: `Model array ${array.name} has no endpoints: add one with addEndpoint({ name, url }).`,
      param: 'endpoints',
    })
  if (options.baseUrl !== undefined)
    throw new AiError('config_invalid', {
      message: `Model array ${array.name} has the url of each endpoint: leave the option baseUrl out.`,
      param: 'baseUrl',
    })
  const [first] = openHops(provider, { ...options, baseUrl: head.url }, transport, environment)
  const further = rest.map((endpoint): Hop => {
    const { release, ...upstream } = openUpstream(
      first.spec,
      { ...unheard(options), baseUrl: endpoint.url },
      transport,
      environment,
    )
    // One account: a key that is cooling is cooling everywhere. The first one's keys serve all.
    release?.()
    const hop = { spec: first.spec, upstream: { ...upstream, keys: first.upstream.keys }, address: endpoint.url }
    return { ...hop, health: new EndpointHealth(), ...standing(array, endpoint) }
  })
  return [{ ...first, ...standing(array, head) }, ...further]
}

// The keys and their hooks are the first endpoint's: nothing is read or told once per endpoint.
function unheard(options: ConnectionOptions): ConnectionOptions {
  const { onKeyRotated: _a, onKeyQuarantined: _b, onKeyRecovered: _c, onKeyRotation: _d, ...rest } = options
  return { ...rest, apiKey: 'shared' }
}

function standing(array: ModelArray, endpoint: ModelEndpoint): Pick<Hop, 'endpoint' | 'model' | 'weight' | 'mark'> {
  const { name, model, weight = 1 } = endpoint
  return { endpoint: `${array.name}/${name}`, model, weight, mark: endpoint }
}
