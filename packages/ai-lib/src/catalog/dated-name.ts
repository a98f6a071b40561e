// Dates at the end of model names: vendors write snapshots as `-20260317` and as `-2026-03-17`.

/** With dashes in its dates: the catalogue's data writes most of them so. */
export function withDashedDate(name: string): string {
  return name.replaceAll(/-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g, '-$1-$2-$3')
}

/** What the name is a dated snapshot of; undefined where it carries no date. */
export function withoutDate(name: string): string | undefined {
  const date = /-20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$/.exec(name)
  return date ? name.slice(0, date.index) : undefined
}
