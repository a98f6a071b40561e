// What the service must reach, as ratios to what ran beside it in the same minutes.

/**
 * @param {(row: string, contender: string, figure?: string) => number} medianOf NaN where it was not measured.
 * @param {(row: string, figure: string) => number} sumOf of the service over all rounds.
 * @param {number} streams how many were asked for at once.
 * @returns {readonly { name: string, value: number, bound: number, sense: '≥' | '≤', passed: boolean }[]}
 */
export function judge({ medianOf, sumOf, idleBytes, streams }) {
  const ratio = (row, peer) => medianOf(row, 'service') / medianOf(row, peer)
  return [
    atLeast('unary, × nginx', ratio('unary', 'nginx'), 0.25),
    atLeast('unary, × portkey', ratio('unary', 'portkey'), 6),
    atMost(
      'added p50 over nginx at 1 connection, ms',
      (medianOf('latency', 'service') - medianOf('latency', 'nginx')) / 1000,
      0.25,
    ),
    atLeast('1 MB image bodies, × nginx', ratio('image', 'nginx'), 0.5),
    atLeast('1 MB conversation bodies, × nginx', ratio('conversation', 'nginx'), 0.5),
    atMost('CPU per stream frame, × nginx', ratio('streams', 'nginx'), 2),
    atMost(
      'audit, cache look-up and key pool, µs CPU/request',
      medianOf('equipped', 'equipped') - medianOf('equipped', 'service'),
      60,
    ),
    atLeast('streams under way at once', medianOf('streams', 'service', 'peak'), streams),
    atMost('streams short', sumOf('streams', 'short'), 0),
    atMost(
      'unary requests failed',
      sumOf('unary', 'failed') + sumOf('image', 'failed') + sumOf('conversation', 'failed'),
      0,
    ),
    atMost('idle RSS, MB', idleBytes / 1e6, 100),
  ]
}

function atLeast(name, value, bound) {
  return { name, value, bound, sense: '≥', passed: value >= bound }
}

function atMost(name, value, bound) {
  return { name, value, bound, sense: '≤', passed: value <= bound }
}
