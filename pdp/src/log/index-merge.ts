/**
 * Several logs as one: each in its own order, one entry before another of another log by its instant. Pure.
 *
 * @module
 */

/** An entry that may be shown. */
export interface Candidate {
  readonly log: number
  readonly index: number
  /** Epoch milliseconds. */
  readonly at: number
}

/**
 * The first `limit` of all. Which comes next depends on nothing but what is left of each log, so that pages can follow one another.
 *
 * @param logs - Each in the order it is to be shown in.
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
