// One thing that `doctor` has looked at: what it is, how it stands, and what to do where it is not well.

/** `warn` does not make the whole unwell. */
export interface Finding {
  readonly what: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly todo?: string
}

export function well(what: string, detail: string): Finding {
  return { what, state: 'ok', detail }
}

export function unwell(what: string, detail: string, todo: string, state: 'warn' | 'fail' = 'fail'): Finding {
  return { what, state, detail, todo }
}
