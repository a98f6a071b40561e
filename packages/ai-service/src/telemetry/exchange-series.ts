// The series of exchanges. All that one (provider, model, endpoint, dialect) needs hangs on one node, found by four
// map look-ups, so that recording an exchange hashes no label objects of counters and builds no objects.
import { totalOutput, type Usage } from 'ai-lib/internal/chat/usage'
import { Gauge, type Registry } from 'prom-client'
import { type Cell, CounterCells } from './counter-cells.ts'
import type { ExchangeSummary } from './exchange-summary.ts'
import { type HistogramCell, HistogramCells, observe } from './histogram-cells.ts'
import { lossLabel } from './loss-path.ts'
import { seriesSpecs as specs } from './series-specs.ts'

/** Label value where there is nothing to name: no target was reached for, no error happened. */
const none = 'none'

/** What endpoints and dialects share of one provider and model. */
interface ModelCells {
  readonly firstToken: HistogramCell
  readonly interToken: HistogramCell
  readonly input: Cell
  readonly cacheRead: Cell
  readonly cacheWrite: Cell
  readonly output: Cell
  readonly reasoning: Cell
  /** By team. */
  readonly costs: Map<string, Cell>
}

/** Everything with these labels, looked up once per exchange. */
interface Node {
  readonly model: string
  readonly requests: Map<number, Map<string, Cell>>
  readonly duration: HistogramCell
  readonly shared: ModelCells
}

export class ExchangeSeries {
  readonly #isKnownModel: (provider: string, model: string) => boolean
  readonly #requests: CounterCells
  readonly #tokens: CounterCells
  readonly #attempts: CounterCells
  readonly #errors: CounterCells
  readonly #costs: CounterCells
  readonly #losses: CounterCells
  readonly #limits: CounterCells
  readonly #duration: HistogramCells
  readonly #firstToken: HistogramCells
  readonly #interToken: HistogramCells
  readonly #overheads: HistogramCells
  readonly #overhead: HistogramCell
  readonly #streams: Gauge
  readonly #nodes = new Map<string, Map<string, Map<string, Map<string, Node>>>>()
  readonly #modelCells = new Map<string, ModelCells>()
  readonly #durations = new Map<string, Map<string, HistogramCell>>()
  readonly #attemptCells = new Map<string, Map<string, Cell>>()
  readonly #cache: CounterCells
  readonly #cacheCells = new Map<string, Cell>()
  readonly #errorCells = new Map<string, Cell>()
  readonly #lossCells = new Map<string, Cell>()
  readonly #limitCells = new Map<string, Cell>()

  constructor(registry: Registry, isKnownModel: (provider: string, model: string) => boolean) {
    this.#isKnownModel = isKnownModel
    this.#requests = new CounterCells(registry, specs.requests)
    this.#attempts = new CounterCells(registry, specs.attempts)
    this.#errors = new CounterCells(registry, specs.errors)
    this.#cache = new CounterCells(registry, specs.cache)
    this.#tokens = new CounterCells(registry, specs.tokens)
    this.#costs = new CounterCells(registry, specs.cost)
    this.#losses = new CounterCells(registry, specs.losses)
    this.#limits = new CounterCells(registry, specs.limits)
    this.#duration = new HistogramCells(specs.duration)
    this.#firstToken = new HistogramCells(specs.firstToken)
    this.#interToken = new HistogramCells(specs.interToken)
    this.#overheads = new HistogramCells(specs.overhead)
    this.#overhead = this.#overheads.open()
    this.#streams = new Gauge({ ...specs.streams, registers: [registry] })
  }

  record(exchange: ExchangeSummary): void {
    const node = this.#nodeOf(exchange)
    this.#requestCell(node, exchange).value++
    observe(node.duration, exchange.durationMs / 1_000)
    observe(this.#overhead, exchange.overheadMs / 1_000)
    const { shared } = node
    if (exchange.ttftMs !== undefined) observe(shared.firstToken, exchange.ttftMs / 1_000)
    if (exchange.interTokenMs !== undefined) observe(shared.interToken, exchange.interTokenMs / 1_000)
    if (exchange.usage !== undefined) addTokens(shared, exchange.usage)
    if (exchange.costMicroUsd !== undefined) this.#addCost(exchange, node, exchange.costMicroUsd)
    for (const { path } of exchange.losses) this.#count(this.#lossCells, this.#losses, lossLabel(path))
    for (const { endpoint, outcome } of exchange.attempts) this.#attemptCell(endpoint, outcome).value++
    if (exchange.code !== undefined) this.recordRefusal(exchange.code)
    if (exchange.cache !== undefined) this.recordCache(exchange.cache)
  }

  /** The histograms in Prometheus' text format; the counters and gauges are the registry's. */
  renderHistograms(): string {
    return [this.#duration, this.#firstToken, this.#interToken, this.#overheads]
      .map((cells) => cells.render())
      .join('\n')
  }

  recordRefusal(code: string): void {
    this.#count(this.#errorCells, this.#errors, code)
  }

  recordLimit(limit: string): void {
    this.#count(this.#limitCells, this.#limits, limit)
  }

  recordCache(result: 'hit' | 'miss' | 'bypass' | 'error'): void {
    let cell = this.#cacheCells.get(result)
    if (cell === undefined) this.#cacheCells.set(result, (cell = this.#cache.open(result)))
    cell.value++
  }

  changeStreams(by: 1 | -1): void {
    this.#streams.inc(by)
  }

  #count(cells: Map<string, Cell>, counter: CounterCells, label: string): void {
    let cell = cells.get(label)
    if (cell === undefined) cells.set(label, (cell = counter.open(label)))
    cell.value++
  }

  // Teams are those that the configuration's keys name.
  #addCost({ provider = none, team = none }: ExchangeSummary, { model, shared }: Node, microUsd: bigint): void {
    let cell = shared.costs.get(team)
    if (cell === undefined) shared.costs.set(team, (cell = this.#costs.open(provider, model, team)))
    cell.value += Number(microUsd)
  }

  #nodeOf({ provider = none, model = none, endpoint = none, dialect }: ExchangeSummary): Node {
    const known = this.#nodes.get(provider)?.get(model)?.get(endpoint)?.get(dialect)
    if (known !== undefined) return known
    const label = model === none || this.#isKnownModel(provider, model) ? model : 'other'
    const branch = entry(entry(entry(this.#nodes, provider), label), endpoint)
    let node = branch.get(dialect)
    // Kept under its label alone: unknown names must not fill memory.
    if (node === undefined) branch.set(dialect, (node = this.#createNode(provider, label, dialect)))
    return node
  }

  #createNode(provider: string, model: string, dialect: string): Node {
    return {
      model,
      requests: new Map(),
      duration: this.#durationOf(provider, model, dialect),
      shared: this.#sharedOf(provider, model),
    }
  }

  #requestCell(node: Node, exchange: ExchangeSummary): Cell {
    const { provider = none, endpoint = none, dialect, status } = exchange
    const code: string = exchange.code ?? none
    let codes = node.requests.get(status)
    if (codes === undefined) node.requests.set(status, (codes = new Map<string, Cell>()))
    let cell = codes.get(code)
    if (cell === undefined)
      codes.set(code, (cell = this.#requests.open(provider, node.model, endpoint, dialect, String(status), code)))
    return cell
  }

  #attemptCell(endpoint: string, outcome: string): Cell {
    const outcomes = entry(this.#attemptCells, endpoint)
    let cell = outcomes.get(outcome)
    if (cell === undefined) outcomes.set(outcome, (cell = this.#attempts.open(endpoint, outcome)))
    return cell
  }

  #durationOf(provider: string, model: string, dialect: string): HistogramCell {
    const byDialect = entry(this.#durations, JSON.stringify([provider, model]))
    let cell = byDialect.get(dialect)
    if (cell === undefined) byDialect.set(dialect, (cell = this.#duration.open(provider, model, dialect)))
    return cell
  }

  #sharedOf(provider: string, model: string): ModelCells {
    const key = JSON.stringify([provider, model])
    let cells = this.#modelCells.get(key)
    if (cells === undefined) {
      const open = (kind: string) => this.#tokens.open(provider, model, kind)
      cells = {
        firstToken: this.#firstToken.open(provider, model),
        interToken: this.#interToken.open(provider, model),
        input: open('input'),
        cacheRead: open('cache_read'),
        cacheWrite: open('cache_write'),
        output: open('output'),
        reasoning: open('reasoning'),
        costs: new Map(),
      }
      this.#modelCells.set(key, cells)
    }
    return cells
  }
}

// Audio counts as input and output here: the contract's kinds have no class of their own for it.
function addTokens(cells: ModelCells, usage: Usage): void {
  cells.input.value += usage.inputTokens + usage.audioInputTokens
  cells.cacheRead.value += usage.cacheReadTokens
  cells.cacheWrite.value += usage.cacheWriteTokens
  cells.output.value += totalOutput(usage) - usage.reasoningTokens
  cells.reasoning.value += usage.reasoningTokens
}

function entry<Leaf>(map: Map<string, Map<string, Leaf>>, key: string): Map<string, Leaf> {
  let inner = map.get(key)
  if (inner === undefined) map.set(key, (inner = new Map<string, Leaf>()))
  return inner
}
