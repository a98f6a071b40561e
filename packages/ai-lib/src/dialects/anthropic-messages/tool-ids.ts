// Tool call ids as this dialect accepts them: letters, digits, _ and -; calls and their results stay together.
import type { Ledger } from '../../chat/losses.ts'

const accepted = /^[a-zA-Z0-9_-]+$/

export class ToolIds {
  readonly #ledger: Ledger
  readonly #written = new Map<string, string>()
  readonly #taken = new Set<string>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** The id to write; a changed one goes on the ledger where it is met first. */
  idOf(id: string, path: string): string {
    const known = this.#written.get(id)
    if (known !== undefined) return known
    const written = this.#free(accepted.test(id) ? id : id.replaceAll(/[^a-zA-Z0-9_-]/g, '_') || 'call')
    this.#written.set(id, written)
    this.#taken.add(written)
    if (written !== id)
      this.#ledger.changed(path, 'Tool call ids are unique here and have letters, digits, _ and - only.')
    return written
  }

  #free(wish: string): string {
    let id = wish
    for (let count = 2; this.#taken.has(id); count++) id = `${wish}_${count}`
    return id
  }
}
