// Runs rows in interleaved rounds (A B C, A B C, …), so that a slow minute of the machine hits every contender alike.
import { livePids } from './children.js'
import { cpuMs, machineBusyMs, ownAndReapedCpuMs } from './proc.js'

/** Cores that other programs may use during a round before it is run again. */
const quietForeignCores = 0.1
const triesForQuiet = 2

/**
 * @param {{ rows: readonly object[], contenders: readonly object[], rounds: number, seconds: number, context: object, say(text: string): void }} plan
 * @returns {Promise<readonly object[]>} one record for each row, round and contender.
 */
export async function measureRows({ rows, contenders, direct, rounds, seconds, context, say }) {
  const records = []
  for (const row of rows) {
    const compared = contenders.filter(
      ({ name, rows }) => (row.only ?? [name]).includes(name) && (rows ?? [row.name]).includes(row.name),
    )
    const all = row.withDirect ? [...compared, direct] : compared
    for (const contender of all) await row.load(contender, row.warmSeconds, context)
    for (let round = 1; round <= rounds; round += 1) {
      for (const contender of all) {
        const figures = await quietest(() => row.load(contender, seconds, context))
        records.push({ row: row.name, round, contender: contender.name, ...figures })
        say(`${row.name} round ${round}/${rounds} ${contender.name}: ${format(figures[row.figure])} ${row.unit}`)
      }
    }
  }
  return records
}

// A machine with other tenants is not silent: a disturbed round is repeated, and what disturbed the kept one is recorded.
async function quietest(load) {
  let best
  for (let tries = 1; tries <= triesForQuiet; tries += 1) {
    const before = foreignMs()
    const startedMs = performance.now()
    const figures = await load()
    const foreignCores = (foreignMs() - before) / (performance.now() - startedMs)
    if (best === undefined || foreignCores < best.foreignCores) best = { ...figures, foreignCores, tries }
    if (foreignCores <= quietForeignCores) break
  }
  return best
}

/** CPU time of the machine that neither we nor anything we started has used. */
function foreignMs() {
  const own = ownAndReapedCpuMs() + livePids().reduce((sum, pid) => sum + cpuMs(pid), 0)
  return machineBusyMs() - own
}

/** The middle value; of an even number of values the mean of the two middle ones. */
export function median(values) {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length / 2
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function format(value) {
  if (!Number.isFinite(value)) return '–'
  return value >= 1_000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 100 ? 0 : 2)
}
