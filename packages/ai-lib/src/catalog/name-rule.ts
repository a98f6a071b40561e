// Whether a model's name fits a rule of the catalogue, by comparing characters only: no regular expressions.

/**
 * One test of a name in lower case. Its first character says which: `=` equal, `^` begins with, `$` ends with,
 * `*` contains, `#` has this shape (a `#` inside stands for a digit), `~` begins with this shape, `!` has no such
 * segment between dashes.
 */
export type NameTest = string

/** A name fits where one of these fits; of an inner list, all must. */
export type NameRule = readonly (NameTest | readonly NameTest[])[]

/** Expects both the rule and the name in lower case. */
export function fits(rule: NameRule, name: string): boolean {
  return rule.some((entry) =>
    typeof entry === 'string' ? passes(entry, name) : entry.every((test) => passes(test, name)),
  )
}

function passes(test: NameTest, name: string): boolean {
  const rest = test.slice(1)
  switch (test[0]) {
    case '=':
      return name === rest
    case '^':
      return name.startsWith(rest)
    case '$':
      return name.endsWith(rest)
    case '*':
      return name.includes(rest)
    case '#':
      return name.length === rest.length && hasShape(rest, name)
    case '~':
      return name.length >= rest.length && hasShape(rest, name)
    case '!':
      return !name.endsWith(`-${rest}`) && !name.includes(`-${rest}-`)
    default:
      return false
  }
}

function hasShape(shape: string, name: string): boolean {
  for (let i = 0; i < shape.length; i++) {
    const wanted = shape[i]
    const found = name[i]
    if (wanted === '#' ? found === undefined || found < '0' || found > '9' : wanted !== found) return false
  }
  return true
}
