// `models.<alias>:` — a name that clients use, and the endpoints that answer to it.
import type { StrategyName } from 'ai-lib/internal/attempts/balancers/registry'
import { duration, flag, list, notYet, oneOf, plainName, section, text, urlValue, weight } from './field.ts'

const STRATEGIES = [
  'round-robin',
  'weighted',
  'least-connections',
  'health-based',
  'latency-based',
  'cost-based',
] as const satisfies readonly StrategyName[]

const modelName = () => text('a model name on one line, without blanks', /^[\x21-\x7e]+$/, 256)

const endpoint = section({
  name: plainName('a name').optional().meta({ description: 'Unique within the model. Default `<provider>-<n>`.' }),
  provider: plainName('a provider’s name').meta({
    description: 'A name under `providers`, or one that the environment configures.',
  }),
  url: urlValue('a URL such as https://api-east.example.com/v1')
    .optional()
    .meta({ description: 'In place of the provider’s base URL.' }),
  model: modelName().meta({ description: 'What the provider calls the model.' }),
  weight: weight()
    .optional()
    .meta({ description: 'Share of requests, for every strategy but round-robin. Default 1.' }),
  healthy: flag().optional().meta({
    description: 'False takes it out of service by hand: it gets nothing until this is true again. Default true.',
  }),
})

const health = section({
  interval: duration(1_000, 'at least 1s')
    .optional()
    .meta({ description: 'From one probe to the next, give or take a tenth. Default 30s.' }),
  timeout: duration().optional().meta({ description: 'How long a probe may take. Default 5s.' }),
  probe: oneOf(['none', 'models', 'chat']).optional().meta({
    description:
      'none: health is learnt from traffic alone. models: the provider’s list of models is fetched, which costs nothing. chat: a short paid chat. Default none.',
  }),
}).meta({ description: 'Probes of the endpoints in the background.' })

/** The name of an alias: what clients may write as `model`. */
export const aliasName = text(
  'an alias: up to 128 letters, digits, ".", "-", "_", ":", "/"',
  /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/,
)

export const modelSection = section({
  strategy: oneOf(STRATEGIES).optional().meta({ description: 'How an endpoint is picked. Default round-robin.' }),
  endpoints: list(endpoint, 'endpoint', 1, 100),
  fallbacks: list(modelName(), 'fallbacks (provider/model or an alias)', 0, 20).optional().meta({
    description: 'Asked in this order once no endpoint is left: `provider/model` or an alias. Cycles are refused.',
  }),
  health: health.optional(),
  hedge: notYet('hedged requests.'),
})
