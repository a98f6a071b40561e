// Writes what one turn of the loop has for its clients together, at the end of the turn.
//
// Between two writes a receiver falls asleep, and waking it costs the writer more than the write; together they wake it
// once. At 64 connections on one core, four rounds each in one run, the median rose from 7.8k to 8.8k whole answers a
// second; the side-by-side bench, whose upstream is faster, shows no difference beyond its noise.

let waiting: (() => void)[] = []

/** Calls `write` at the end of this turn of the loop, before the next one reads anything. It must not throw. */
export function writeInBurst(write: () => void): void {
  if (waiting.length === 0) setImmediate(flush)
  waiting.push(write)
}

function flush(): void {
  const burst = waiting
  waiting = []
  for (const write of burst) write()
}
