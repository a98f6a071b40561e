// One namespace of the observed landscape: instances of the service, and what keeps happening to them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../kit/command.ts'
import type { RunningService } from '../../kit/service.ts'
import type { Target } from '../../kit/prometheus.ts'

export interface Part {
  readonly target: Target
  /** Lets things happen, once somebody looks. */
  begin(hasFired: HasFired): void
  stop(): Promise<void>
}

/** Whether an alert has fired in a namespace. */
export type HasFired = (alert: string, namespace: string) => Promise<boolean>

export function targetOf(namespace: string, ...services: readonly Pick<RunningService, 'metricsUrl'>[]): Target {
  return { targets: services.map(({ metricsUrl }) => metricsUrl.replace('http://', '')), labels: { namespace } }
}

/** A backup before the service starts: its own first one comes at some moment of its first minute. */
export async function backUpOnce(folder: string, yaml: string, env: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(join(folder, 'backups'))
  writeFileSync(join(folder, 'ai-service.yaml'), yaml)
  const { code, err } = await runCommand(['backup', 'now'], { cwd: folder, env })
  if (code !== 0) throw new Error(err)
}

/** Repeats things until it is stopped, whatever becomes of each. */
export class Loops {
  readonly #running: Promise<void>[] = []
  #isStopped = false

  get isStopped(): boolean {
    return this.#isStopped
  }

  every(pauseMs: number, what: (turn: number) => Promise<unknown>): void {
    this.#running.push(this.#repeat(pauseMs, what))
  }

  /** Stops them by itself once that is so. */
  stopOnce(isSo: () => Promise<boolean>): void {
    this.every(200, async () => {
      if (await isSo()) this.#isStopped = true
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#running)
  }

  async #repeat(pauseMs: number, what: (turn: number) => Promise<unknown>): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn++) {
      // A refused connection is part of some faults.
      await what(turn).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
