// A number with its noun, as people write it: `1 chain`, `2 chains`.

/** @param noun one that takes an s. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`
}
