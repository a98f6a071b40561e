// Whether a running service may take another configuration over: not where a part of it cannot change while it runs, and
// not where nothing would be left of what was served.
import type { Config, LoadedConfig } from './config.ts'
import { partKey } from './part-key.ts'
import type { ConfigProblem, Path } from './problem.ts'

interface Fixed {
  readonly path: Path
  of(config: Config): unknown
}

/** What sockets, threads and databases were opened with. */
const fixed: readonly Fixed[] = [
  { path: ['server', 'host'], of: ({ server }) => server.host },
  { path: ['server', 'port'], of: ({ server }) => server.port },
  // Another certificate is no matter; another protocol is.
  { path: ['server', 'tls'], of: ({ server }) => server.tls !== undefined },
  { path: ['server', 'metrics', 'host'], of: ({ server }) => server.metrics.host },
  { path: ['server', 'metrics', 'port'], of: ({ server }) => server.metrics.port },
  { path: ['telemetry', 'metrics', 'enabled'], of: ({ telemetry }) => telemetry.metrics.enabled },
  { path: ['stores', 'database'], of: ({ stores }) => stores.database },
  { path: ['audit', 'enabled'], of: ({ audit }) => audit.enabled },
  { path: ['audit', 'sinks'], of: ({ audit }) => [audit.sinks, audit.spoolBytes] },
  { path: ['audit', 'whenAway'], of: ({ audit }) => audit.whenAway },
  { path: ['audit', 'signingKey'], of: ({ audit }) => audit.signingKey },
]

export type ProblemAt = (path: Path, message: string) => ConfigProblem

/** All that speaks against it; nothing where it may be taken over. */
export function problemsOfReplacing(
  running: LoadedConfig,
  next: LoadedConfig,
  problemAt: ProblemAt,
): readonly ConfigProblem[] {
  const changed = fixed.filter(({ of }) => partKey(of(running.config)) !== partKey(of(next.config)))
  const restarts = changed.map(({ path }) =>
    problemAt(path, 'found another value than the running service has, and a change of it needs a restart'),
  )
  return [...restarts, ...problemsOfEmptiness(running, next, problemAt)]
}

function problemsOfEmptiness(
  running: LoadedConfig,
  { config, source, blankFiles }: LoadedConfig,
  problemAt: ProblemAt,
): readonly ConfigProblem[] {
  if (config.reload.force) return []
  // Half written, or no longer for our eyes: whoever takes a key away takes the file away.
  const lost = blankFiles.filter((path) => running.secretFiles.includes(path))
  if (lost.length > 0)
    return lost.map((path) =>
      problemAt(
        [],
        `found nothing to read in ${path}, whose secret serves; expected a secret, no such file, or reload: { force: true }`,
      ),
    )
  if (source.kind === 'file' && running.source.kind === 'file' && isBlank(source.text) && !isBlank(running.source.text))
    return [problemAt([], 'found an empty file where a configuration was; a restart would take it')]
  const before = counts(running.config)
  const after = counts(config)
  const gone = (['providers', 'models', 'auth.keys'] as const)
    .filter((name) => before[name] > 0 && after[name] === 0)
    .map((name) =>
      problemAt(
        name.split('.'),
        `found none where ${before[name]} served, expected at least one, or reload: { force: true }`,
      ),
    )
  // Without keys the mode says nothing more: on loopback a file that has lost its section means everybody.
  return gone.length === 0 && running.config.auth.mode === 'keys' && config.auth.mode === 'none'
    ? [problemAt(['auth', 'mode'], 'found none where callers needed keys, expected keys, or reload: { force: true }')]
    : gone
}

function counts({ providers, models, auth, demo }: Config) {
  // The simulator that stands in where nothing is configured is nobody's provider.
  return { providers: demo ? 0 : providers.size, models: models.size, 'auth.keys': auth.keys.length }
}

/** Nothing but blanks, comments and marks of documents. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#.*|---\s*|\.\.\.\s*)?$/.test(line))
}
