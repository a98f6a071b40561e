// What is backed up: named streams of bytes, opened anew for each generation.

/** A part that is being read. */
export interface OpenPart {
  readonly content: AsyncIterable<Uint8Array>
  /** Short texts about what was opened, kept in the manifest: a configuration's version, the head of a chain. */
  readonly facts?: Readonly<Record<string, string>>
  /** Called once the content was read, or will not be: removes a snapshot, closes a file. */
  close?(): Promise<void>
}

/** One thing to back up. */
export interface BackupPart {
  /** Where a restore writes it, relative to its folder: `ai-service.yaml`, `data/audit.db`. */
  readonly name: string
  /** Opens it as it is now. `undefined`: there is nothing to back up (yet). */
  open(signal: AbortSignal): Promise<OpenPart | undefined>
}
