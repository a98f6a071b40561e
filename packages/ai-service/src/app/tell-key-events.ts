// Puts what happens to provider keys into the log, one line each, as loud as it matters.
import type { KeyEvent, OutState } from 'ai-lib/internal/attempts/key-event'
import type { ProviderKeyEvent } from '../secrets/key-feed.ts'
import type { Log, LogFields } from '../telemetry/log.ts'

const reasons: Readonly<Record<OutState, string>> = {
  quarantined: 'the provider refused it; replace it at its source',
  exhausted: 'its quota is used up; it stays out until it is replaced, or refreshed by SIGHUP',
  expired: 'its source has not been readable for longer than maxAge',
}

export function logKeyEvent(log: Log, { provider, event }: ProviderKeyEvent): void {
  const about = { provider, key: event.key, key_fingerprint: event.fingerprint }
  switch (event.type) {
    case 'key-joined':
      return log.info('a new provider key is on probation', about)
    case 'key-rotated':
      return log.info('a provider key was rotated', { ...about, previous_fingerprint: event.previous })
    case 'key-drained':
      return log.info('an old provider key is no longer used and may be revoked', about)
    case 'key-cooled':
      return log.debug('a provider key rests', about)
    case 'key-out':
      return log.warn(outMessage(event.stage), { ...about, state: event.reason, reason: reasons[event.reason] })
    case 'key-recovered':
      return event.after === 'cooling'
        ? log.debug('a provider key is back', about)
        : log.info('a provider key is back', { ...about, after: event.after })
    case 'refresh-failed':
      return logFailure(log, event, about)
  }
}

function outMessage(stage: 'current' | 'incoming'): string {
  return stage === 'incoming' ? 'a new provider key does not work; the old one stays' : 'a provider key is out'
}

// Doubling: a source that is away for a day is told of some ten times, not once a minute.
function logFailure(log: Log, { why, inARow }: KeyEvent & { type: 'refresh-failed' }, about: LogFields): void {
  const isWorthALine = (inARow & (inARow - 1)) === 0
  const fields = { ...about, reason: why, in_a_row: inARow }
  if (isWorthALine) log.warn('a provider key could not be read anew; the last good value stays', fields)
  else log.debug('a provider key could not be read anew', fields)
}
