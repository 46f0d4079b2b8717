/**
 * Mutex across processes: the file lock of an SQLite database. The kernel releases it when the holder ends in any way, so there are no stale locks.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

/** Interval at which a waiting process retries, in milliseconds. */
const POLL_MS = 200

/**
 * Runs `work` while holding the lock `file`.
 *
 * @param onWait - Called once when another process holds the lock.
 * @param signal - Aborts waiting. Work that has started is not interrupted.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { onWait, signal }: { readonly onWait?: () => void; readonly signal?: AbortSignal } = {},
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    if (!tryLock(database)) onWait?.()
    while (!database.isTransaction && !tryLock(database)) {
      await delay(POLL_MS, undefined, signal ? { signal } : {})
    }
    return await work()
  } finally {
    database.close()
  }
}

/** Takes the lock without waiting; `undefined` when another process holds it. */
export function holdLock(file: string): { release(): void } | undefined {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(file, { timeout: 0 })
  if (tryLock(database)) return { release: () => database.close() }
  database.close()
  return undefined
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (error instanceof Error && /locked|busy/i.test(error.message)) return false
    throw error
  }
}
