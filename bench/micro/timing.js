// Times a piece of work: batches long enough for the clock, the median of many.

const batches = 15
const batchMs = 40

/** Microseconds that one of the `units` that `work` does takes: the median over batches, after a warm-up of the same length. */
export function microsPer(units, work) {
  const repeats = repeatsFor(work)
  const times = Array.from({ length: 2 * batches }, () => {
    const startedMs = performance.now()
    for (let at = 0; at < repeats; at += 1) work()
    return ((performance.now() - startedMs) * 1000) / repeats / units
  })
  const warm = times.slice(batches).toSorted((left, right) => left - right)
  return warm[Math.floor(batches / 2)]
}

function repeatsFor(work) {
  const startedMs = performance.now()
  let done = 0
  while (performance.now() - startedMs < batchMs) {
    work()
    done += 1
  }
  return done
}
