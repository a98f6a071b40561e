// Reads RE2's regular expressions as trees: how long a match can be, and texts that match. For rules at build time and their tests.

const classes = {
  d: ranges('09'),
  w: ranges('09', 'AZ', 'az', '__'),
  s: ranges('\t\n', '\f\r', '  '),
  alnum: ranges('09', 'AZ', 'az'),
  alpha: ranges('AZ', 'az'),
}
const everything = ranges('\t\t', ' ~')

function ranges(...pairs) {
  return pairs.map(([from, to]) => [from.codePointAt(0), to.codePointAt(0)])
}

/** @throws on what no rule has used so far. */
export function parseRegex(source) {
  const cursor = { source, at: 0 }
  const tree = parseChoice(cursor)
  if (cursor.at < source.length) throw failure(cursor, 'an unexpected )')
  return tree
}

function parseChoice(cursor) {
  const options = [parseSequence(cursor)]
  while (cursor.source[cursor.at] === '|') {
    cursor.at++
    options.push(parseSequence(cursor))
  }
  return options.length === 1 ? options[0] : { type: 'choice', options }
}

function parseSequence(cursor) {
  const items = []
  while (cursor.at < cursor.source.length && !'|)'.includes(cursor.source[cursor.at])) {
    const atom = parseAtom(cursor)
    items.push(parseCount(cursor, atom))
  }
  return { type: 'sequence', items }
}

function parseAtom(cursor) {
  const { source, at } = cursor
  const flags = /^\(\?[a-z-]+\)/.exec(source.slice(at))
  if (flags) return advance(cursor, flags[0].length, { type: 'empty' })
  if (source[at] === '(') return parseGroup(cursor)
  if (source[at] === '[') return parseClass(cursor)
  if (source[at] === '\\') return parseEscape(cursor)
  if (source[at] === '^' || source[at] === '$') return advance(cursor, 1, { type: 'empty' })
  if (source[at] === '.') return advance(cursor, 1, { type: 'class', ranges: everything })
  return advance(cursor, 1, single(source.codePointAt(at)))
}

function parseGroup(cursor) {
  const opening = /^\((?:\?(?:P<\w+>|[a-z-]*:))?/.exec(cursor.source.slice(cursor.at))[0]
  cursor.at += opening.length
  const inner = parseChoice(cursor)
  if (cursor.source[cursor.at] !== ')') throw failure(cursor, 'a group without an end')
  return advance(cursor, 1, inner)
}

function parseEscape(cursor) {
  const letter = cursor.source[cursor.at + 1]
  if ('bBAz'.includes(letter)) return advance(cursor, 2, { type: 'empty' })
  if (letter === 'S') return advance(cursor, 2, { type: 'class', ranges: ranges('!~') })
  if (letter in classes) return advance(cursor, 2, { type: 'class', ranges: classes[letter] })
  const [code, length] = escapedCode(cursor)
  return advance(cursor, length, single(code))
}

function escapedCode({ source, at }) {
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(source.slice(at))
  if (hex) return [Number.parseInt(hex[1], 16), 4]
  const letter = source[at + 1]
  const control = { n: 10, r: 13, t: 9, f: 12 }[letter]
  if (control === undefined && /[a-zA-Z0-9]/.test(letter))
    throw failure({ source, at }, 'an escape that is not read here')
  return [control ?? letter.codePointAt(0), 2]
}

function parseClass(cursor) {
  const { source } = cursor
  cursor.at++
  const isNegated = source[cursor.at] === '^'
  if (isNegated) cursor.at++
  const found = []
  for (let isFirst = true; source[cursor.at] !== ']' || isFirst; isFirst = false) found.push(...parseMember(cursor))
  cursor.at++
  return { type: 'class', ranges: isNegated ? without(found) : found }
}

function parseMember(cursor) {
  const { source, at } = cursor
  const named = /^\[:(\w+):\]/.exec(source.slice(at))
  if (named) return advance(cursor, named[0].length, classes[named[1]])
  if (source[at] === '\\' && source[at + 1] === 'S') return advance(cursor, 2, ranges('!~'))
  if (source[at] === '\\' && source[at + 1] in classes) return advance(cursor, 2, classes[source[at + 1]])
  const from = memberCode(cursor)
  const isRange = source[cursor.at] === '-' && source[cursor.at + 1] !== ']'
  if (!isRange) return [[from, from]]
  cursor.at++
  return [[from, memberCode(cursor)]]
}

function memberCode(cursor) {
  const [code, length] =
    cursor.source[cursor.at] === '\\' ? escapedCode(cursor) : [cursor.source.codePointAt(cursor.at), 1]
  return advance(cursor, length, code)
}

function without(taken) {
  const isTaken = (code) => taken.some(([from, to]) => code >= from && code <= to)
  const left = []
  for (let code = 32; code < 127; code++) if (!isTaken(code)) left.push([code, code])
  return left
}

function parseCount(cursor, item) {
  const counted = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(cursor.source.slice(cursor.at))
  if (!counted) return item
  const [whole, sign, least, comma, most] = counted
  const count = sign
    ? { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[sign]
    : [Number(least), comma === '' ? Number(least) : most === '' ? Infinity : Number(most)]
  return advance(cursor, whole.length, { type: 'repeat', item, least: count[0], most: count[1] })
}

function single(code) {
  return { type: 'class', ranges: [[code, code]] }
}

function advance(cursor, by, value) {
  cursor.at += by
  return value
}

function failure({ source, at }, message) {
  return new Error(`${message} at ${at} of ${source}`)
}

/**
 * Characters of the longest match.
 * @param endless what an unbounded repetition counts as.
 */
export function longestMatch(tree, endless = Infinity) {
  switch (tree.type) {
    case 'empty':
      return 0
    case 'class':
      return 1
    case 'choice':
      return Math.max(...tree.options.map((option) => longestMatch(option, endless)))
    case 'sequence':
      return tree.items.reduce((sum, item) => sum + longestMatch(item, endless), 0)
    case 'repeat':
      if (tree.most === Infinity) return endless
      return tree.most === 0 ? 0 : tree.most * longestMatch(tree.item, endless)
  }
}

/** Letters without a blank between them that every match has at least, one behind the other. */
export function leastRun(tree) {
  return runsOf(tree).best
}

const blanks = [9, 10, 12, 13, 32]
const noRun = { least: 0, isDense: false, head: 0, tail: 0, best: 0 }
const dense = (least) => ({ least, isDense: true, head: least, tail: least, best: least })

function runsOf(tree) {
  switch (tree.type) {
    case 'empty':
      return dense(0)
    case 'class':
      return tree.ranges.some(([from, to]) => blanks.some((code) => code >= from && code <= to)) ? noRun : dense(1)
    case 'choice':
      return tree.options.map(runsOf).reduce((a, b) => ({
        least: Math.min(a.least, b.least),
        isDense: a.isDense && b.isDense,
        head: Math.min(a.head, b.head),
        tail: Math.min(a.tail, b.tail),
        best: Math.min(a.best, b.best),
      }))
    case 'sequence':
      return tree.items.map(runsOf).reduce(joined, dense(0))
    case 'repeat': {
      const runs = runsOf(tree.item)
      if (runs.isDense) return dense(tree.least * runs.least)
      return tree.least === 0 ? noRun : { ...runs, isDense: false }
    }
  }
}

function joined(a, b) {
  return {
    least: a.least + b.least,
    isDense: a.isDense && b.isDense,
    head: a.isDense ? a.least + b.head : a.head,
    tail: b.isDense ? b.least + a.tail : b.tail,
    best: Math.max(a.best, b.best, a.tail + b.head),
  }
}

/**
 * A text that matches, as a rule: assertions are not looked at.
 * @param draw gives an integer below its argument.
 */
export function sampleOf(tree, draw) {
  switch (tree.type) {
    case 'empty':
      return ''
    case 'class': {
      const [from, to] = tree.ranges[draw(tree.ranges.length)]
      return String.fromCodePoint(from + draw(to - from + 1))
    }
    case 'choice':
      return sampleOf(tree.options[draw(tree.options.length)], draw)
    case 'sequence':
      return tree.items.map((item) => sampleOf(item, draw)).join('')
    case 'repeat': {
      const spare = Math.min(tree.most, tree.least + 3) - tree.least
      return Array.from({ length: tree.least + draw(spare + 1) }, () => sampleOf(tree.item, draw)).join('')
    }
  }
}
