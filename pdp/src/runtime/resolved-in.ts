/**
 * Waiting for a promise for a limited time.
 *
 * @module
 */

/** Whether a promise resolves within `ms` milliseconds. Rejects as it does. */
export async function isResolvedIn(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms))
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
