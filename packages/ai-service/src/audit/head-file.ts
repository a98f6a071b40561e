// Keeps the latest signed head in a file beside the database, so that a database whose end was cut contradicts it.
//
// Two places are written in turn: a write that a crash tears leaves the other whole. The file may be behind the database
// (it is not synced for each commit), never ahead of what is on disk there.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { isSigned, parseHead, type SignedHead } from './signed-head.ts'

const placeBytes = 1_024

export class HeadFile {
  readonly #file: number
  #turn = 0

  /** @throws where the file cannot be made. */
  constructor(path: string) {
    closeSync(openSync(path, 'a', 0o600))
    this.#file = openSync(path, 'r+')
    const latest = readHeads(path)
    this.#turn = latest.length === 0 ? 0 : latest[0]?.place === 0 ? 1 : 0
  }

  write(head: SignedHead): void {
    const text = `${JSON.stringify(head).padEnd(placeBytes - 1)}\n`
    writeSync(this.#file, text, this.#turn * placeBytes, 'utf8')
    this.#turn = 1 - this.#turn
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** The latest head in a file that is signed by the key it names; undefined where there is none. */
export function latestHead(path: string): SignedHead | undefined {
  return readHeads(path)[0]?.head
}

// Latest first. By time and not by count: a chain that was begun anew starts at one.
function readHeads(path: string): { readonly head: SignedHead; readonly place: number }[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return [] // Absent before the first commit.
  }
  return text
    .split('\n')
    .flatMap((line, place) => {
      const head = parseHead(line)
      return head && isSigned(head) ? [{ head, place }] : []
    })
    .toSorted((left, right) => compare(right.head, left.head))
}

function compare(left: SignedHead, right: SignedHead): number {
  if (left.writer === right.writer) return left.count - right.count
  return left.time < right.time ? -1 : 1
}
