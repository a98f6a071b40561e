// Waits for what other threads and the system do in their own time.
export async function eventually(isMet: () => boolean, atMostMs = 10_000): Promise<void> {
  const untilMs = performance.now() + atMostMs
  while (!isMet()) {
    if (performance.now() > untilMs) throw new Error('It never came to that.')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
