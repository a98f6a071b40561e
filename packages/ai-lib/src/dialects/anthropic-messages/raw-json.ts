// Finds the raw text of values inside JSON that has been checked before: what is passed on must stay as it was written.

/** One value of a JSON text. Navigation is lazy, and an array's elements are found once. */
export class RawJson {
  readonly #source: string
  readonly #start: number
  #elements: readonly RawJson[] | undefined

  /** @param source valid JSON: this class checks nothing. */
  constructor(source: string, start = 0) {
    this.#source = source
    this.#start = skipSpace(source, start)
  }

  get text(): string {
    return this.#source.slice(this.#start, valueEnd(this.#source, this.#start))
  }

  /** The text without white space between tokens; numbers and strings stay as they were written. */
  get compactText(): string {
    return compactJson(this.text)
  }

  /** The member of that name; the last one where it is doubled, as `JSON.parse` takes it. */
  field(name: string): RawJson | undefined {
    if (this.#source[this.#start] !== '{') return undefined
    let found: RawJson | undefined
    let at = skipSpace(this.#source, this.#start + 1)
    while (this.#source[at] === '"') {
      const keyEnd = stringEnd(this.#source, at)
      const value = skipSpace(this.#source, skipSpace(this.#source, keyEnd) + 1)
      if (isKey(this.#source.slice(at, keyEnd), name)) found = new RawJson(this.#source, value)
      at = nextMember(this.#source, value)
    }
    return found
  }

  element(index: number): RawJson | undefined {
    this.#elements ??= this.#findElements()
    return this.#elements[index]
  }

  #findElements(): readonly RawJson[] {
    const found: RawJson[] = []
    if (this.#source[this.#start] !== '[') return found
    let at = skipSpace(this.#source, this.#start + 1)
    while (at < this.#source.length && this.#source[at] !== ']') {
      found.push(new RawJson(this.#source, at))
      at = nextMember(this.#source, at)
    }
    return found
  }
}

function isKey(raw: string, name: string): boolean {
  return raw.includes('\\') ? JSON.parse(raw) === name : raw === `"${name}"`
}

function nextMember(source: string, value: number): number {
  const end = skipSpace(source, valueEnd(source, value))
  return source[end] === ',' ? skipSpace(source, end + 1) : end
}

function skipSpace(source: string, from: number): number {
  let at = from
  for (let char = source[at]; char === ' ' || char === '\n' || char === '\r' || char === '\t'; char = source[at]) at++
  return at
}

function valueEnd(source: string, start: number): number {
  const first = source[start]
  if (first === '"') return stringEnd(source, start)
  if (first === '{' || first === '[') return nestedEnd(source, start)
  let at = start
  while (at < source.length && !',]} \n\r\t'.includes(source.charAt(at))) at++
  return at
}

function nestedEnd(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    const char = source[at]
    if (char === '"') at = stringEnd(source, at) - 1
    else if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1
  }
  return source.length
}

// Native search for the closing quote: the strings that matter here are long.
function stringEnd(source: string, start: number): number {
  for (let quote = source.indexOf('"', start + 1); quote !== -1; quote = source.indexOf('"', quote + 1)) {
    let slashes = 0
    while (source[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
  }
  return source.length
}

/** JSON text without white space between tokens: no line breaks are left. */
export function compactJson(json: string): string {
  let compact = ''
  let kept = 0
  for (let at = 0; at < json.length; at++) {
    const char = json[at]
    if (char === '"') at = stringEnd(json, at) - 1
    else if (char === ' ' || char === '\n' || char === '\r' || char === '\t') {
      compact += json.slice(kept, at)
      kept = at + 1
    }
  }
  return compact + json.slice(kept)
}
