/**
 * Makes an asynchronous function run once: later calls return the promise of the first. For `close`, which two signals may call.
 */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= work()
    return running
  }
}
