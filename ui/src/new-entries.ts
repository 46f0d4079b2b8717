/**
 * Adds new entries of the live mode to the entries that are shown.
 *
 * @module
 */
import { entryTime, type LoggedEntry } from '@mandate/protocol'

/** How many shown entries, newest first, are searched for duplicates. */
const SEARCHED = 2_000

/**
 * The entries to put before the shown ones, newest first: without those that are shown, and without older ones. The index counts entries of one log, so
 * an entry is compared only with entries of its own log.
 *
 * @param shown - Newest first.
 */
export function newEntries(shown: readonly LoggedEntry[], arrived: readonly LoggedEntry[]): readonly LoggedEntry[] {
  const known = new Set<string>()
  const newestOf = new Map<string | undefined, number>()
  for (const { id, origin, index } of shown.slice(0, SEARCHED)) {
    known.add(id)
    newestOf.set(origin, Math.max(index, newestOf.get(origin) ?? -1))
  }
  return arrived
    .filter(({ id, origin, index }) => !known.has(id) && index > (newestOf.get(origin) ?? -1))
    .toSorted(newestFirst)
}

function newestFirst(one: LoggedEntry, other: LoggedEntry): number {
  return entryTime(other) - entryTime(one) || other.index - one.index
}
