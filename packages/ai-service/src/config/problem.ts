// What is wrong with a configuration: where it stands, what was found, what is expected; never a value.

export type Path = readonly (string | number)[]

/** One mistake. Line and column count from one; 0 where there is no file or no such place. */
export interface ConfigProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `providers.openai.keys.0.secret`; empty for the whole file. */
  readonly path: string
  readonly message: string
}

/** Thrown or returned where a configuration cannot be used; exit code 78. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

/** `ai-service.yaml:3:5 server.port: found text, expected a whole number`. */
export function formatProblem({ file, line, column, path, message }: ConfigProblem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file
  return path === '' ? `${place}: ${message}` : `${place} ${path}: ${message}`
}

/** Where a path stands in a source. `at` says whether the key or its value is meant. */
export interface Positions {
  of(path: Path, at: 'key' | 'value'): { readonly line: number; readonly column: number }
}

/** Collects problems and warnings while a configuration is built. */
export interface Findings {
  problem(path: Path, message: string, at?: 'key' | 'value'): void
  /** The problem, uncollected. */
  problemAt(path: Path, message: string, at?: 'key' | 'value'): ConfigProblem
  /** A mistake in a variable rather than in the file. */
  environmentProblem(variable: string, message: string): void
  warn(message: string): void
  /** Nothing to mend, but worth a line in the log. */
  note(message: string): void
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
}

export const NOWHERE: Positions = { of: () => ({ line: 0, column: 0 }) }

/** Findings about `file`, with places looked up in `positions`. */
export function createFindings(file: string, positions: Positions): Findings {
  const problems: ConfigProblem[] = []
  const warnings: string[] = []
  const notes: string[] = []
  const problemAt = (path: Path, message: string, at: 'key' | 'value' = 'value'): ConfigProblem => ({
    file,
    ...positions.of(path, at),
    path: formatPath(path),
    message,
  })
  return {
    problems,
    warnings,
    notes,
    problemAt,
    note: (message) => {
      notes.push(message)
    },
    problem: (path, message, at) => {
      problems.push(problemAt(path, message, at))
    },
    environmentProblem: (variable, message) => {
      problems.push({ file: 'environment', line: 0, column: 0, path: variable, message })
    },
    warn: (message) => {
      if (!warnings.includes(message)) warnings.push(message)
    },
  }
}

export function formatPath(path: Path): string {
  return path.map((step) => showName(String(step))).join('.')
}

/** A name as it may be printed: somebody may have put a key where a name belongs. */
export function showName(name: string): string {
  const looksSecret = /^(?:sk-|ais_|gsk_|xai-|hf_|Bearer )/.test(name) || (name.length >= 24 && /\d/.test(name))
  if (looksSecret && !/^[a-z0-9]+(?:[-_./:][a-z0-9]+){2,}$/.test(name)) return '[hidden]'
  if (/^(?:sk-|ais_|gsk_|xai-|hf_)/.test(name)) return '[hidden]'
  // oxlint-disable-next-line no-control-regex -- control characters in a name must not reach a terminal
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name) ? JSON.stringify(name) : name.slice(0, 80)
}
