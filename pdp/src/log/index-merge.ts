/**
 * Merges several logs into one order: each log keeps its own order, entries of different logs are ordered by instant. Pure.
 *
 * @module
 */

/** A candidate entry. */
export interface Candidate {
  readonly log: number
  readonly index: number
  /** Epoch milliseconds. */
  readonly at: number
}

/**
 * Takes the first `limit` entries of the merged order. The next entry depends only on the rest of each log, so that pages can continue one another.
 *
 * @param logs - Each already in the order of the result.
 */
export function mergeLogs(
  logs: readonly (readonly Candidate[])[],
  limit: number,
  first: 'newest' | 'oldest',
): readonly Candidate[] {
  const heads = logs.map(() => 0)
  const merged: Candidate[] = []
  while (merged.length < limit) {
    let best: { readonly which: number; readonly candidate: Candidate } | undefined
    for (const [which, candidates] of logs.entries()) {
      const candidate = candidates[heads[which] ?? 0]
      if (!candidate) continue
      const isNewer = best !== undefined && candidate.at > best.candidate.at
      const isOlder = best !== undefined && candidate.at < best.candidate.at
      if (!best || (first === 'newest' ? isNewer : isOlder)) best = { which, candidate }
    }
    if (!best) return merged
    merged.push(best.candidate)
    heads[best.which] = (heads[best.which] ?? 0) + 1
  }
  return merged
}
