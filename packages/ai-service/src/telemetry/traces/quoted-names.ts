// Names that clients and operators chose, as JSON without secrets: searched once, since they come again and again.

/** Letters of a name that are shown. */
const maxName = 256
/** Different names that are remembered. */
const maxRemembered = 2_000

/** @param excerpt the first letters of a text, without secrets. */
export function quotedNames(excerpt: (text: string, maxChars: number) => string): (name: string) => string {
  const remembered = new Map<string, string>()
  const quote = (name: string): string => JSON.stringify(excerpt(name, maxName).toWellFormed())
  return (name) => {
    if (name.length > maxName) return quote(name)
    let quoted = remembered.get(name)
    if (quoted === undefined) {
      quoted = quote(name)
      if (remembered.size >= maxRemembered) remembered.clear()
      remembered.set(name, quoted)
    }
    return quoted
  }
}
