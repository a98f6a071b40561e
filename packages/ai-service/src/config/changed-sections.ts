// Which sections of a configuration are others than before, for whoever reads the log.
import type { Config } from './config.ts'
import { partKey } from './part-key.ts'

export function changedSections(from: Config, to: Config): readonly string[] {
  const before = new Map<string, unknown>(Object.entries(from))
  const after = new Map<string, unknown>(Object.entries(to))
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => partKey(before.get(name)) !== partKey(after.get(name)))
    .toSorted()
}
