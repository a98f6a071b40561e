// Makes all that one configuration needs to serve, out of what is there already where the configuration has not changed.
import { systemClock } from 'ai-lib/internal/attempts/clock'
import { createHttpTransport } from 'ai-lib/internal/transport/http-transport'
import type { LoadedConfig } from '../config/config.ts'
import { anonymous } from '../exchange/exchange.ts'
import { OpenExchanges } from '../exchange/open-exchanges.ts'
import type { Router } from '../exchange/route.ts'
import type { Serving } from '../http/data-listener.ts'
import type { ExchangeParts } from '../http/exchange-handler.ts'
import { type AuthMode, identify } from '../policies/auth.ts'
import type { CacheParts } from '../policies/cache.ts'
import { orderedPolicies } from '../policies/order.ts'
import { authMode } from './auth-mode.ts'
import type { Generation } from './generation.ts'
import type { Lasting } from './lasting.ts'
import { observe } from './observe.ts'
import { openBackups } from './open-backups.ts'
import { openCache } from './open-cache.ts'
import { openKeyRings } from './open-key-rings.ts'
import { openRouting } from './open-routing.ts'
import { type OpenTraces, openTraces } from './open-traces.ts'
import { transportParts } from './open-upstreams.ts'
import { createPriceList } from './price-list.ts'
import { exchangeRunner } from './run-exchange.ts'
import { createAddressScrubber } from './scrub-addresses.ts'
import { Leases } from './shared-parts.ts'

/** Letters of a provider's words that a client may be told; more than any message or header has. */
const maxToldChars = 4 * 1024

/** What a generation holds: until its last exchange is over, and until another one serves. */
interface Held {
  readonly serving: Leases
  readonly active: Leases
}

/**
 * Nothing of it serves before it is the current one.
 * @param former the generation that serves, from which what has not changed is taken over.
 * @throws where something cannot be made; nothing stays open then.
 */
export async function openGeneration(loaded: LoadedConfig, lasting: Lasting, former?: Generation): Promise<Generation> {
  const held: Held = { serving: new Leases(), active: new Leases() }
  try {
    return await openOn(held, loaded, lasting, former)
  } catch (thrown) {
    await release(held)
    throw thrown
  }
}

async function openOn(
  held: Held,
  loaded: LoadedConfig,
  lasting: Lasting,
  former: Generation | undefined,
): Promise<Generation> {
  const { config } = loaded
  const { log, metrics, simulator } = lasting
  const simulatorUrl = await simulator.urlFor(config)
  const surroundings = { caches: lasting.caches, log, onStoreError: () => metrics.recordCacheError() }
  const cache = await openCache(config, surroundings, held.serving)
  const transport = createHttpTransport(transportParts(config))
  const keys = openKeyRings({ config, transport, former: former?.keys }, lasting, held.active)
  const sources = { config, transport, simulatorUrl, rings: keys.rings, former: former?.upstreams.byPlace }
  const { router, upstreams, startProbes } = openRouting(sources, lasting, held.serving)
  const traces = await openTraces({ config, transport }, lasting, held.serving)
  const open = new OpenExchanges()
  const mode = authMode(config)
  const serving: Serving = {
    exchanges: exchangeParts(loaded, lasting, { router, mode, open, cache, traces }),
    corsOrigins: new Set(config.server.cors),
    models: () => router.list(),
    identify: (credential) => (mode.kind === 'none' ? anonymous : identify(credential, mode.verify)),
  }
  return {
    loaded,
    serving,
    router,
    upstreams,
    keys,
    traces,
    open,
    async activate() {
      startProbes(held.active)
      await openBackups(loaded, lasting, held.active)
    },
    retire: () => held.active.release(),
    close: () => release(held),
  }
}

async function release({ serving, active }: Held): Promise<void> {
  await Promise.all([active.release(), serving.release()])
}

interface Wired {
  readonly router: Router
  readonly mode: AuthMode
  readonly open: OpenExchanges
  readonly cache: CacheParts | undefined
  readonly traces: OpenTraces
}

/** What every spending request runs through. */
function exchangeParts(
  loaded: LoadedConfig,
  lasting: Lasting,
  { router, mode, open, cache, traces }: Wired,
): ExchangeParts {
  const { log, redactor, metrics, budget, rates, concurrency, translations } = lasting
  const { server, limits: rules, telemetry } = loaded.config
  const hideAddresses = createAddressScrubber(loaded.config)
  // The log may name addresses, a client may not.
  const told = (text: string, maxChars = maxToldChars): string => hideAddresses(redactor.excerpt(text, maxChars))
  const onRefused = (limit: string): void => metrics.recordLimit(limit)
  const limits = { rules, rates, concurrency, clock: systemClock, onRefused }
  const audit = lasting.audit.requestsOf(loaded)
  const priceOf = createPriceList(loaded.config, () => Date.now())
  return {
    body: { maxBytes: server.maxBodyBytes, baseMs: server.timeouts.bodyMs },
    budget,
    pump: { pingMs: server.timeouts.pingMs, writeStallMs: server.timeouts.writeStallMs },
    scrub: told,
    run: exchangeRunner(orderedPolicies({ auth: mode, limits, cache, audit }), {
      resolve: (operation, model) => router.resolve(operation, model),
      loop: { clock: systemClock, random: Math.random },
      maxRetries: server.maxRetries,
      commit: server.commit,
      needsUsage: telemetry.metrics.enabled || audit !== undefined,
      translateLarge: (job) => translations.run(job),
      scrub: told,
    }),
    startTrace: traces.start,
    onExchange: (exchange) => observe(exchange, { log, metrics, version: loaded.version, priceOf, traces }),
    onFault: (requestId, thrown) => log.error('an exchange broke', { request_id: requestId, error: thrown }),
    onStream: (change) => (change === 'opened' ? metrics.streamOpened() : metrics.streamClosed()),
    open,
  }
}
