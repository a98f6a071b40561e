// What the log says of breakers: that an endpoint is left alone, for how long, and that it is back.
import type { BreakerTurn } from 'ai-lib/internal/attempts/health-book'
import type { Log } from '../telemetry/log.ts'

/** @param labelsOf what the endpoint is called in metrics. */
export function tellBreakers(
  log: Pick<Log, 'warn' | 'info'>,
  labelsOf: (turn: BreakerTurn) => readonly string[],
  nowMs: () => number,
): (turn: BreakerTurn) => void {
  return (turn) => {
    const { upstream, model, health, from, to } = turn
    const { breaker } = health
    const fields = { endpoints: labelsOf(turn), provider: upstream.spec.name, model }
    // A trial that failed says nothing new: while a whole route is down there may be many.
    if (from === 'closed' && breaker.kind === 'open') {
      const seconds = Math.round((breaker.untilMs - nowMs()) / 1_000)
      log.warn('an endpoint keeps failing and is left alone', { ...fields, seconds, ejections: breaker.ejections })
    } else if (to === 'closed') log.info('an endpoint is back', fields)
  }
}
