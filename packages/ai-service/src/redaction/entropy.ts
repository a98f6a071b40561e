// How irregular a text is: words and repetitions have little of it, random keys have much.

/** Shannon's entropy in bits per letter. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  let letters = 0
  for (const letter of text) {
    counts.set(letter, (counts.get(letter) ?? 0) + 1)
    letters++
  }
  let bits = 0
  for (const count of counts.values()) bits -= (count / letters) * Math.log2(count / letters)
  return bits
}
