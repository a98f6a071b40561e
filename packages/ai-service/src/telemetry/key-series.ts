// The series of provider keys: the state of each, and how rotations went.
import type { KeyEvent } from 'ai-lib/internal/attempts/key-event'
import { Gauge, type Registry } from 'prom-client'
import { type Cell, CounterCells } from './counter-cells.ts'
import { seriesSpecs } from './series-specs.ts'

export interface KeyState {
  readonly provider: string
  readonly key: string
  readonly state: keyof typeof stateValues
}

/** 3 and more needs somebody's attention. */
export const stateValues = {
  ready: 0,
  probation: 1,
  cooling: 2,
  exhausted: 3,
  quarantined: 4,
  expired: 5,
} as const

export class KeySeries {
  readonly #rotations: CounterCells
  readonly #cells = new Map<string, Cell>()

  constructor(registry: Registry, states: () => readonly KeyState[]) {
    this.#rotations = new CounterCells(registry, seriesSpecs.rotations)
    const gauge = new Gauge({
      ...seriesSpecs.keyStates,
      registers: [registry],
      collect() {
        gauge.reset()
        for (const { provider, key, state } of states()) gauge.set({ provider, key }, stateValues[state])
      },
    })
  }

  record(provider: string, event: KeyEvent): void {
    const outcome = outcomeOf(event)
    if (outcome === undefined) return
    const name = `${outcome} ${provider}`
    let cell = this.#cells.get(name)
    if (cell === undefined) this.#cells.set(name, (cell = this.#rotations.open(provider, outcome)))
    cell.value++
  }
}

function outcomeOf(event: KeyEvent): 'rotated' | 'refused' | 'unreadable' | undefined {
  if (event.type === 'key-rotated') return 'rotated'
  if (event.type === 'key-out' && event.stage === 'incoming') return 'refused'
  return event.type === 'refresh-failed' && event.inARow === 1 ? 'unreadable' : undefined
}
