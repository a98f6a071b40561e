// Two instances with two configurations: one refuses nearly everything, the other is held up again and again. Then one restarts
// thrice, and in the end both are gone.
import { chatBody, eventually, paths, post } from '../../faults/asking.ts'
import { freePort, type RunningService, type ServiceSetup, startService } from '../../kit/service.ts'
import { type HasFired, Loops, type Part, targetOf } from './part.ts'

const namespace = 'rolling'
const limited = 'providers: { simulator: {} }\nlimits: [ { for: global, requests: 1/10m } ]\n'
const unlimited = 'providers: { simulator: {} }\n'

export async function startRolling(): Promise<Part> {
  const setup: ServiceSetup = { yaml: limited, ports: [await freePort(), await freePort()] }
  const [one, second] = await Promise.all([startService(setup), startService({ yaml: unlimited })])
  let first = one
  const [loops, held] = [new Loops(), new Loops()]
  const play = async (hasFired: HasFired): Promise<void> => {
    const have = async (...alerts: readonly string[]): Promise<boolean> =>
      loops.isStopped || (await Promise.all(alerts.map((alert) => hasFired(alert, namespace)))).every(Boolean)
    const calm = ['AiServiceConfigsDiffer', 'AiServiceLimitsRefuse', 'AiServiceEventLoopLag']
    await eventually(() => have(...calm), calm.join(), 60_000)
    await held.stop()
    while (!(await have('AiServiceRestarting'))) {
      await first.stop()
      first = await startService(setup)
      // Long enough for a scrape.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
    }
    await Promise.all([kill(first), kill(second)])
  }
  let played: Promise<unknown> | undefined
  return {
    target: targetOf(namespace, first, second),
    begin(hasFired) {
      loops.every(200, () => post(first.url, paths.openai, chatBody('simulator/echo')))
      held.every(600, () => holdUp(second, 450))
      held.stopOnce(() => hasFired('AiServiceEventLoopLag', namespace))
      // What did not come about is what the test is told of.
      played = play(hasFired).catch(() => undefined)
    },
    async stop() {
      await Promise.all([loops.stop(), held.stop()])
      await played
      await Promise.all([first.stop(), second.stop()])
    },
  }
}

/** What a machine does that has no time for a process. */
async function holdUp(service: RunningService, ms: number): Promise<void> {
  service.signal('SIGSTOP')
  await new Promise((resolve) => setTimeout(resolve, ms))
  service.signal('SIGCONT')
}

async function kill(service: RunningService): Promise<void> {
  service.signal('SIGKILL')
  await service.exited
}
