// Whether this machine's clock is right, by what servers say in passing.
import { type Finding, unwell, well } from './finding.ts'

/** What one server's clock said. */
export interface ClockReading {
  readonly host: string
  /** How far this machine is ahead of it; negative behind. */
  readonly aheadMs: number
}

/** A `date` header has whole seconds, and an answer takes its time; NTP keeps a clock within milliseconds. */
const toleratedMs = 60_000

export function lookAtClock(readings: readonly ClockReading[]): readonly Finding[] {
  if (readings.length === 0) return []
  const off = readings.filter(({ aheadMs }) => !(Math.abs(aheadMs) <= toleratedMs))
  const hosts = (list: readonly ClockReading[]): string => list.map(({ host }) => host).join(', ')
  if (off.length === 0) return [well('clock', `agrees with ${hosts(readings)}`)]
  const said = off.map(({ host, aheadMs }) => `${spanOf(aheadMs)} ${host}`).join(', ')
  // Where others agree with this one it is the other that is wrong.
  if (off.length < readings.length) {
    const right = readings.filter((reading) => !off.includes(reading))
    return [
      unwell('clock', `${said}; it agrees with ${hosts(right)}`, `The clock of ${hosts(off)} may be wrong.`, 'warn'),
    ]
  }
  return [
    unwell(
      'clock',
      said,
      'Let NTP set it (timedatectl set-ntp true; in a virtual machine or container it is the host’s). Until then keys of callers expire at the wrong time, audit records carry wrong times, and certificates and S3 signatures may be refused.',
    ),
  ]
}

function spanOf(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000)
  const span = seconds < 3_600 ? `${seconds} s` : `${(seconds / 3_600).toFixed(1)} h`
  return `${span} ${aheadMs > 0 ? 'ahead of' : 'behind'}`
}
