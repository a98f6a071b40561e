// Finds the tool calls a user text asks the echo to make: `call <tool> {"its":"arguments"}`.

export interface NamedCall {
  readonly name: string
  readonly argsJson: string
}

/** Every `call <tool>` whose tool the request offers, in order; arguments default to `{}`. */
export function findNamedCalls(text: string, toolNames: readonly string[]): readonly NamedCall[] {
  const calls: NamedCall[] = []
  const pattern = /\bcall\s+([\w.:/-]+)/gi
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const word = match[1] ?? ''
    const name = toolNames.find((known) => known === word) ?? toolNames.find((known) => known === trimEnd(word))
    if (name === undefined) continue
    const argsJson = objectAfter(text, pattern.lastIndex)
    // The arguments may contain "call …" themselves: go on behind them.
    if (argsJson !== undefined) pattern.lastIndex = text.indexOf(argsJson, pattern.lastIndex) + argsJson.length
    calls.push({ name, argsJson: argsJson ?? '{}' })
  }
  return calls
}

function trimEnd(word: string): string {
  return word.replace(/[.:]+$/, '')
}

function objectAfter(text: string, from: number): string | undefined {
  let start = from
  while (/\s/.test(text[start] ?? '')) start += 1
  return text[start] === '{' ? balancedObject(text, start) : undefined
}

function balancedObject(text: string, start: number): string | undefined {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at += 1) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at += 1
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{') depth += 1
    else if (char === '}') {
      depth -= 1
      if (depth === 0) return text.slice(start, at + 1)
    }
  }
  return undefined
}
