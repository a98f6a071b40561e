// A place for one large JSON text at a time, in which the ends of strings are found sixteen bytes at once.
//
// The JSON scan spends nearly all its time in strings. V8 has no vector instructions for JavaScript, WebAssembly has:
// 1 MB of code in a conversation, with an escape every 20 bytes, takes 450 µs in place of 720, the copy into this memory
// included (`npm run bench -- --micro`, AMD EPYC).
import { lengthOf, type Pieces } from './pieces.ts'
import { jsonStringWasm } from './json-string-wasm.ts'

/** Larger texts are not held: the memory never shrinks again. */
const maxBytes = 4 * 1024 * 1024
const pageBytes = 64 * 1024

export interface StringReader {
  /**
   * @param at the first byte behind the opening quote.
   * @returns the position behind the closing quote, or -1 where the string is not well formed.
   */
  stringEnd(at: number): number
  /** Whether the last string had an escape. */
  readonly sawEscape: boolean
}

// TypeScript declares WebAssembly for browsers only: what is used of it stands here.
interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

interface Exports {
  readonly memory: Memory
  readonly stringEnd: (at: number, end: number) => number
  readonly escaped: { readonly value: number }
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: object }
}

let engine: Exports | 'none' | undefined

/** The pieces in a row, valid until the next call: for reading at once, never to be kept. Undefined where they are too large. */
export function holdText(pieces: Pieces): Buffer | undefined {
  const length = lengthOf(pieces)
  if (length > maxBytes) return undefined
  engine ??= createEngine() ?? 'none'
  if (engine === 'none') return undefined
  const { memory } = engine
  const missing = length - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
  const held = Buffer.from(memory.buffer, 0, length)
  let at = 0
  for (const piece of pieces) {
    held.set(piece, at)
    at += piece.length
  }
  return held
}

/** Reads the strings of a text that `holdText` gave; undefined for every other one. */
export function stringReader(text: Buffer): StringReader | undefined {
  if (engine === undefined || engine === 'none' || text.buffer !== engine.memory.buffer) return undefined
  const { stringEnd, escaped } = engine
  const from = text.byteOffset
  const end = from + text.length
  return {
    stringEnd(at) {
      const found = stringEnd(from + at, end)
      return found === -1 ? -1 : found - from
    },
    get sawEscape() {
      return escaped.value === 1
    },
  }
}

function createEngine(): Exports | undefined {
  try {
    const api: unknown = Reflect.get(globalThis, 'WebAssembly')
    if (!isApi(api)) return undefined
    const { exports } = new api.Instance(new api.Module(Buffer.from(jsonStringWasm, 'base64')))
    return isOurs(exports) ? exports : undefined
  } catch {
    // A runtime without WebAssembly's vectors: the scan then goes byte by byte, as it does for small texts.
    return undefined
  }
}

function isApi(value: unknown): value is WebAssemblyApi {
  return typeof value === 'object' && value !== null && 'Module' in value && 'Instance' in value
}

function isOurs(exports: object): exports is Exports {
  return 'memory' in exports && 'stringEnd' in exports && 'escaped' in exports
}
