// Reads YAML or JSON into plain values and remembers where each of them stands.
import {
  type Alias,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { type ConfigProblem, formatPath, type Path, type Positions } from './problem.ts'

export type Document =
  | { readonly kind: 'document'; readonly value: unknown; readonly positions: Positions }
  | { readonly kind: 'unreadable'; readonly problems: readonly ConfigProblem[] }

/** As a thread can give it to another: places are offsets, and lines where they start. */
export type PlainDocument =
  | {
      readonly kind: 'document'
      readonly value: unknown
      readonly places: ReadonlyMap<string, Place>
      readonly lineStarts: readonly number[]
    }
  | { readonly kind: 'unreadable'; readonly problems: readonly ConfigProblem[] }

interface Place {
  readonly key: number
  readonly value: number
}

const MAX_CHARACTERS = 4 * 1024 * 1024
// An alias bomb of nine short lines makes a billion nodes.
const MAX_NODES = 200_000
const MAX_DEPTH = 40
const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype'])

// The parser's own messages may quote the source, where a secret can stand: these never do.
const MESSAGES: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias takes no anchor and no tag',
  BAD_ALIAS: 'this alias is not well formed',
  BAD_DIRECTIVE: 'this directive is not well formed',
  BAD_DQ_ESCAPE: 'unknown escape in a double-quoted text; use single quotes to keep backslashes',
  BAD_INDENT: 'wrong indentation, or a bracket is not closed',
  BAD_PROP_ORDER: 'anchor and tag stand before the value',
  BAD_SCALAR_START: 'a text cannot start with this character unless it is quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on one line; quote the value or indent it on its own line',
  BLOCK_IN_FLOW: 'an indented block cannot stand inside brackets',
  DUPLICATE_KEY: 'this key appears twice in the same section',
  IMPOSSIBLE: 'this cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'this key is longer than 1,024 characters',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, followed by ": "',
  MULTIPLE_ANCHORS: 'a value has one anchor at most',
  MULTIPLE_DOCS: 'a second document starts here; one file holds one configuration',
  MULTIPLE_TAGS: 'a value has one tag at most',
  NON_STRING_KEY: 'a key must be a plain text',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'a tab cannot indent; use blanks',
  TAG_RESOLVE_FAILED: 'tags are not used here',
  UNEXPECTED_TOKEN: 'this cannot stand here',
  BAD_COLLECTION_TYPE: 'tags are not used here',
}

/** Reads a whole file's text; `file` is the name that problems carry. */
export function readDocument(text: string, file: string): Document {
  return withPositions(readPlainDocument(text, file))
}

export function withPositions(document: PlainDocument): Document {
  if (document.kind === 'unreadable') return document
  const { value, places, lineStarts } = document
  const lines = new LineCounter()
  lines.lineStarts = [...lineStarts]
  return { kind: 'document', value, positions: positionsIn(places, lines) }
}

export function readPlainDocument(text: string, file: string): PlainDocument {
  const fail = (message: string): PlainDocument => ({
    kind: 'unreadable',
    problems: [{ file, line: 0, column: 0, path: '', message }],
  })
  if (text.length > MAX_CHARACTERS) return fail('the file is larger than 4 MiB')
  const lines = new LineCounter()
  // JSON is YAML but for tabs, which JSON allows between tokens and nowhere else.
  const source = file.endsWith('.json') ? text.replaceAll('\t', ' ') : text
  const parsed = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  })
  const faults = [...parsed.errors, ...parsed.warnings].slice(0, 20)
  if (faults.length > 0) {
    const problems = faults.map(({ code, pos }) => {
      const { line, col } = lines.linePos(pos[0])
      return { file, line, column: col, path: '', message: MESSAGES[code] }
    })
    return { kind: 'unreadable', problems }
  }
  return toPlain(parsed.contents, (alias) => alias.resolve(parsed), lines, file)
}

function toPlain(root: unknown, resolve: (alias: Alias) => unknown, lines: LineCounter, file: string): PlainDocument {
  const places = new Map<string, Place>()
  const problems: ConfigProblem[] = []
  let nodes = 0
  const report = (path: Path, offset: number, message: string) => {
    const { line, col } = lines.linePos(offset)
    problems.push({ file, line, column: col, path: formatPath(path), message })
  }

  const convert = (node: unknown, path: Path, keyOffset: number): unknown => {
    nodes += 1
    const offset = offsetOf(node) ?? keyOffset
    places.set(keyOf(path), { key: keyOffset, value: offset })
    if (nodes > MAX_NODES || path.length > MAX_DEPTH) {
      if (problems.length === 0) report([], offset, 'too large once its aliases are followed, or nested too deeply')
      return undefined
    }
    if (isAlias(node)) {
      const target = resolve(node)
      if (target === undefined) report(path, offset, 'this alias has no anchor before it')
      // Errors in an anchored value are shown where it is used.
      return target === undefined ? undefined : convert(target, path, keyOffset)
    }
    if (isMap(node)) return convertMap(node, path)
    if (isSeq(node)) return convertList(node, path, offset)
    return isScalar(node) ? convertScalar(node) : null
  }

  const convertMap = (map: YAMLMap, path: Path): Record<string, unknown> => {
    const plain: Record<string, unknown> = {}
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : String(key)
      const keyOffset = offsetOf(key) ?? 0
      if (DANGEROUS.has(name)) report([...path, name], keyOffset, 'this name is not allowed')
      else plain[name] = convert(value, [...path, name], keyOffset)
    }
    return plain
  }

  const convertList = (list: YAMLSeq, path: Path, offset: number): unknown[] =>
    list.items.map((item, index) => convert(item, [...path, index], offsetOf(item) ?? offset))

  const value = convert(root, [], 0)
  if (problems.length > 0) return { kind: 'unreadable', problems }
  return { kind: 'document', value, places, lineStarts: lines.lineStarts }
}

function convertScalar(scalar: Scalar): unknown {
  return typeof scalar.value === 'bigint' ? Number(scalar.value) : scalar.value
}

function positionsIn(places: ReadonlyMap<string, Place>, lines: LineCounter): Positions {
  return {
    of: (path, at) => {
      // What is missing stands nowhere: the section that lacks it is named instead.
      for (let length = path.length; length >= 0; length -= 1) {
        const place = places.get(keyOf(path.slice(0, length)))
        if (place === undefined) continue
        const { line, col } = lines.linePos(length === path.length ? place[at] : place.key)
        return { line, column: col }
      }
      return { line: 1, column: 1 }
    },
  }
}

function offsetOf(node: unknown): number | undefined {
  const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined
  return range?.[0]
}

function keyOf(path: Path): string {
  return JSON.stringify(path)
}
