// Names that clients, providers and operators chose, as JSON without secrets.

/** Letters of a name that are shown. */
const maxName = 256
/** Different names that are remembered. */
const maxRemembered = 2_000

/** @param excerpt the first letters of a text, without secrets. */
export function quoted(excerpt: (text: string, maxChars: number) => string): (name: string) => string {
  return (name) => JSON.stringify(excerpt(name, maxName).toWellFormed())
}

/** Quotes each name once, since they come again and again. What is too long to be shown is not remembered. */
export function quotedNames(quote: (name: string) => string): (name: string) => string {
  const remembered = new Map<string, string>()
  return (name) => {
    if (name.length > maxName) return quote(name)
    let text = remembered.get(name)
    if (text === undefined) {
      text = quote(name)
      if (remembered.size >= maxRemembered) remembered.clear()
      remembered.set(name, text)
    }
    return text
  }
}
