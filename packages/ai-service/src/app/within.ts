// Waits for what should end, and no longer: a mount that hangs answers nobody, and must not hold the exit.

/** Whether it was over in time. What it rejects with is thrown. */
export async function within(ms: number, ending: Promise<void> | undefined): Promise<boolean> {
  if (ending === undefined) return true
  const late = Promise.withResolvers<false>()
  const timer = setTimeout(() => late.resolve(false), ms)
  try {
    return await Promise.race([ending.then(() => true), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
