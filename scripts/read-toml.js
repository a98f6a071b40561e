// Reads the part of TOML that rule files use; anything else stops the build with its line.

const escapes = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' }

/**
 * Tables, arrays of tables, and values that are strings, numbers or arrays of strings.
 * @returns {any}
 */
export function readToml(text) {
  const document = {}
  const cursor = { text, at: 0 }
  let table = document
  for (skipBlank(cursor); cursor.at < text.length; skipBlank(cursor)) {
    const line = restOfLine(cursor)
    const header = /^(\[\[?)([\w.]+)\]\]?\s*(?:#.*)?$/.exec(line)
    const key = /^([\w-]+)\s*=\s*/.exec(line)
    if (header) {
      table = openTable(document, header[2].split('.'), header[1] === '[[')
      cursor.at += line.length
    } else if (key) {
      cursor.at += key[0].length
      if (key[1] in table) throw failure(cursor, `${key[1]} stands there twice`)
      table[key[1]] = readValue(cursor)
    } else throw failure(cursor, 'neither a table nor a key')
  }
  return document
}

/** `[[a.b]]` belongs to the last table of `[[a]]`. */
function openTable(document, path, isList) {
  const parent = path.slice(0, -1).reduce((table, name) => {
    table[name] ??= {}
    return Array.isArray(table[name]) ? table[name].at(-1) : table[name]
  }, document)
  const name = path.at(-1)
  const table = {}
  if (isList) parent[name] = [...(parent[name] ?? []), table]
  else parent[name] = table
  return table
}

function readValue(cursor) {
  const { text, at } = cursor
  if (text.startsWith("'''", at)) return readUntil(cursor, "'''")
  if (text.startsWith("'", at)) return readUntil(cursor, "'")
  if (text[at] === '"' && !text.startsWith('"""', at)) return readQuoted(cursor)
  if (text[at] === '[') return readList(cursor)
  const number = /^-?\d+(?:\.\d+)?(?=\s*(?:#|\n|$))/.exec(restOfLine(cursor))
  if (!number) throw failure(cursor, 'a value of a kind that is not read here')
  cursor.at += number[0].length
  return Number(number[0])
}

function readUntil(cursor, mark) {
  const from = cursor.at + mark.length
  const to = cursor.text.indexOf(mark, from)
  if (to === -1) throw failure(cursor, 'a string without an end')
  cursor.at = to + mark.length
  return cursor.text.slice(from, to)
}

function readQuoted(cursor) {
  const quoted = /^"((?:[^"\\\n]|\\[ntr"\\])*)"/.exec(restOfLine(cursor))
  if (!quoted) throw failure(cursor, 'a string without an end, or with an escape that is not read here')
  cursor.at += quoted[0].length
  return quoted[1].replaceAll(/\\(.)/g, (_, letter) => escapes[letter])
}

function readList(cursor) {
  const list = []
  cursor.at++
  for (skipBlank(cursor); cursor.text[cursor.at] !== ']'; skipBlank(cursor)) {
    list.push(readValue(cursor))
    skipBlank(cursor)
    if (cursor.text[cursor.at] === ',') cursor.at++
    else if (cursor.text[cursor.at] !== ']') throw failure(cursor, 'a list without an end')
  }
  cursor.at++
  return list
}

function skipBlank(cursor) {
  const blank = /(?:\s|#[^\n]*)*/y
  blank.lastIndex = cursor.at
  cursor.at += blank.exec(cursor.text)[0].length
}

function restOfLine({ text, at }) {
  const end = text.indexOf('\n', at)
  return text.slice(at, end === -1 ? undefined : end)
}

function failure({ text, at }, message) {
  return new Error(`line ${text.slice(0, at).split('\n').length}: ${message}`)
}
