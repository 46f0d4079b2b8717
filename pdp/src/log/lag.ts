/**
 * How far publication and the index are behind the log: entries, and the age of the oldest of them.
 *
 * @module
 */
import { type EpochMillis, entryTime, type LogLag, parseLogEntry } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { EntryIndex, LogReader } from '../ports/log.ts'

type Lag = LogLag['unpublished']

/** Lag of a log and its index. @param clock - The clock that entries are dated by. */
export async function lagOf(
  log: Pick<LogReader, 'origin' | 'sequenced' | 'published' | 'read'>,
  { indexed }: Pick<EntryIndex, 'indexed'>,
  clock: Clock,
): Promise<LogLag> {
  const now = clock()
  const [unpublished, unindexed] = await Promise.all([
    lagBehind(log, log.published, now),
    indexed === undefined ? undefined : lagBehind(log, indexed, now),
  ])
  return { origin: log.origin, entries: log.sequenced, unpublished, ...(unindexed ? { unindexed } : {}) }
}

/** @param done - Number of entries that are dealt with: the oldest that is not has this index. */
async function lagBehind(log: Pick<LogReader, 'sequenced' | 'read'>, done: number, now: EpochMillis): Promise<Lag> {
  const entries = log.sequenced - done
  if (entries <= 0) return { entries: 0, seconds: 0 }
  const [oldest] = await log.read(done)
  const entry = oldest && parseLogEntry(JSON.parse(new TextDecoder().decode(oldest.bytes)))
  const at = entry?.success ? entryTime(entry.data) : now
  return { entries, seconds: Math.max(0, now - at) / 1_000 }
}
